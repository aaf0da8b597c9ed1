import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ApkSpec } from '../fixtures/apk.ts';
import { writeAlpineMirror } from '../fixtures/mirror-dir.ts';
import { sharedData } from '../fixtures/shared.ts';
import { ALPINE_FIXTURES } from './alpine-fixtures.ts';
import { type RealTool, run, runOk } from './real-tool.ts';

/** The repositories of a release with apk 3 have that in its place. */
const APK_2 = /^apk-tools-/;
const APK_3: ApkSpec = {
  name: 'apk-tools',
  version: '3.0.6-r0',
  installedSize: 4096,
  files: [{ path: 'sbin/' }, { path: 'sbin/apk', content: 'apk 3', mode: 0o755 }],
};
/** As usr-merge leaves a root */
const MERGED: ApkSpec = {
  name: 'fx-a-merged-root',
  version: '1.0-r0',
  installedSize: 4096,
  files: [
    ...['usr/', 'usr/bin/', 'usr/lib/'].map((path) => ({ path })),
    ...Object.entries({ bin: 'usr/bin', sbin: 'usr/bin', lib: 'usr/lib', 'usr/sbin': 'bin' }).map(
      ([path, linkTarget]) => ({ path, linkTarget }),
    ),
  ],
};
const DATA = ['data/alpine/v3.19-iso/x86_64', 'data/alpine/v3.19-pool/x86_64'];

/** Real musl, which comes after the package given. */
function muslFor({ name }: ApkSpec, folder: string): ApkSpec {
  const real = readdirSync(folder).find((one) => /^musl-\d/.test(one)) as string;
  const loader = 'lib/ld-musl-x86_64.so.1';
  return {
    name: 'fx-musl',
    version: '1.0-r0',
    installedSize: 4096,
    depends: [name],
    provides: ['so:libc.musl-x86_64.so.1=0.9'],
    files: [
      { path: 'lib/' },
      {
        path: loader,
        content: execFileSync('tar', ['-xzOf', join(folder, real), loader], {
          maxBuffer: 1 << 24,
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
        mode: 0o755,
      },
      { path: 'lib/libc.musl-x86_64.so.1', linkTarget: 'ld-musl-x86_64.so.1' },
    ],
  };
}

const SCRIPT_FAILED = /: (?:script )?exited with error \d+$/;

/** The apk of version 3 that PKGCOMPOSE_APK3 names, over packages of Alpine 3.19. A sentence: why there is none. */
export async function openAlpine3(folder: string): Promise<RealTool | string> {
  const apk = process.env.PKGCOMPOSE_APK3 ?? '';
  if (apk === '') return 'PKGCOMPOSE_APK3 names no apk of version 3';
  if (process.getuid?.() !== 0 || process.platform !== 'linux' || process.arch !== 'x64')
    return 'real apk needs root on Linux, x86_64';
  const version = await runOk(apk, ['--version']);
  if (!/^apk-tools 3\./.test(version)) return `${apk} is not apk 3: ${version.trim()}`;
  const data = DATA.map(sharedData);
  const keyring = sharedData('data/alpine/keys');
  if (data.includes(undefined) || keyring === undefined) return 'data/alpine of the shared data is not here';
  const packages = join(folder, 'packages/x86_64');
  mkdirSync(packages, { recursive: true });
  for (const from of data as string[])
    for (const name of readdirSync(from).filter((one) => one.endsWith('.apk') && !APK_2.test(one)))
      symlinkSync(join(from, name), join(packages, name));
  symlinkSync('x86_64', join(folder, 'packages/noarch'));
  await runOk(
    '/bin/sh',
    ['-c', '"$1" index -q --no-warnings --allow-untrusted -o APKINDEX.tar.gz *.apk', 'sh', apk],
    packages,
  );
  const repositories = [
    packages,
    writeAlpineMirror(join(folder, 'fixtures'), {
      packages: [...ALPINE_FIXTURES, APK_3, MERGED, muslFor(MERGED, packages)],
    }),
  ];
  mkdirSync(join(folder, 'roots'));
  return {
    source: {
      distro: 'alpine',
      release: 'v3.24',
      architecture: 'x86_64',
      keyring,
      allowUntrusted: true,
      repositories,
    },
    async install(names, { scripts, root }) {
      mkdirSync(root, { recursive: true });
      const words = [
        ...['add', '--root', root, '--initdb', '--no-network', '--arch', 'x86_64', '--allow-untrusted'],
        ...(scripts === 'none' ? ['--no-scripts'] : []),
        ...repositories.flatMap((path) => ['-X', path.replace(/\/x86_64$/, '')]),
        ...names,
      ];
      const { status, stdout, stderr } = await run(apk, words);
      const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR: '));
      if (status === 0 || (errors.length > 0 && errors.every((line) => SCRIPT_FAILED.test(line))))
        return status === 0 ? 0 : 1;
      throw new Error(`apk add ${names.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
    },
  };
}
