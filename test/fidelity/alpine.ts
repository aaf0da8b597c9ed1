import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeAlpineMirror } from '../fixtures/mirror-dir.ts';
import { sharedData } from '../fixtures/shared.ts';
import { ALPINE_FIXTURES } from './alpine-fixtures.ts';
import { type RealTool, run, runOk } from './real-tool.ts';

/** What apk 2.14 needs to run: itself and its libraries. */
const CLOSURE = /^(apk-tools|musl|libcrypto3|libssl3|zlib)-[0-9]/;
const DATA = ['data/alpine/v3.19-iso/x86_64', 'data/alpine/v3.19-pool/x86_64'];

const SCRIPT_FAILED = /: script exited with error \d+$/;

/** Alpine's own apk, out of its own packages, in a chroot. A sentence: why there is none. */
export async function openAlpine(folder: string): Promise<RealTool | string> {
  if (process.getuid?.() !== 0 || process.platform !== 'linux' || process.arch !== 'x64')
    return 'real apk needs root on Linux, x86_64';
  const data = DATA.map(sharedData);
  const keys = sharedData('data/alpine/keys');
  if (data.includes(undefined) || keys === undefined) return 'data/alpine of the shared data is not here';
  const repositories = (data as string[]).map((from, at) => {
    const to = join(folder, `repository${at}/x86_64`);
    cpSync(from, to, { recursive: true });
    // Where apk looks for what such an index calls noarch.
    symlinkSync('x86_64', join(folder, `repository${at}/noarch`));
    return to;
  });
  for (const name of readdirSync(repositories[0] as string).filter((one) => CLOSURE.test(one)))
    await runOk('/bin/sh', [
      '-c',
      'gzip -dc "$1" | tar -xf - -C "$2" 2>/dev/null || :',
      'sh',
      join(repositories[0] as string, name),
      folder,
    ]);
  repositories.push(writeAlpineMirror(join(folder, 'fixtures'), { packages: ALPINE_FIXTURES }));
  mkdirSync(join(folder, 'roots'));
  return {
    source: {
      distro: 'alpine',
      release: 'v3.19',
      architecture: 'x86_64',
      keyring: keys,
      allowUntrusted: true,
      repositories,
    },
    async install(packages, { scripts, root }) {
      const inside = (path: string): string => path.slice(folder.length);
      mkdirSync(root, { recursive: true });
      const words = [
        ...[folder, '/sbin/apk', 'add', '--root', inside(root), '--initdb', '--no-network', '--no-cache'],
        ...['--allow-untrusted', ...(scripts === 'none' ? ['--no-scripts'] : [])],
        ...repositories.flatMap((path) => ['-X', inside(path).replace(/\/x86_64$/, '')]),
        ...packages,
      ];
      const { status, stdout, stderr } = await run('chroot', words);
      const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR: '));
      if (status === 0 || (errors.length > 0 && errors.every((line) => SCRIPT_FAILED.test(line))))
        return status === 0 ? 0 : 1;
      throw new Error(`apk add ${packages.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
    },
  };
}
