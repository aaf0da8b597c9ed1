import { join } from 'node:path';
import { verify } from '../../../src/app/verify/verify.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import type { VerifyReport } from '../../../src/model/verify-report.ts';
import { writeImageTar } from '../../../src/output/image-tar.ts';
import { type ApkSpec, makeApk } from '../../fixtures/apk.ts';
import { writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import type { FixtureFile } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { makeImage, type TestImageOptions, type TestLayer } from '../../output/images.ts';
import { KEY, source, use } from '../harness.ts';

type Hooks = Parameters<typeof tempDir>[0];

export const BASE: ApkSpec = {
  name: 'base',
  version: '1.0-r0',
  key: KEY,
  scripts: { 'post-install': '#!/bin/sh\ntrue\n' },
  files: [
    { path: 'bin/' },
    { path: 'bin/sh', content: '#!shell', mode: 0o755 },
    { path: 'bin/ash', type: 'hardlink', linkTarget: 'bin/sh', mode: 0o755 },
    { path: 'etc/' },
    { path: 'etc/passwd', content: 'root:x:0:0\n' },
    { path: 'var/run', linkTarget: '../run' },
  ],
};

export const TOOL: ApkSpec = {
  name: 'tool++',
  version: '2.0-r1',
  key: KEY,
  depends: ['base'],
  files: [
    { path: 'usr/' },
    { path: 'usr/bin/', mode: 0o711 },
    { path: 'usr/bin/tool', content: 'the tool', mode: 0o4755, gid: 3 },
  ],
};

/** What an installed database says of packages. */
export function installedDatabase(specs: readonly ApkSpec[]): string {
  return specs.map(({ name, version }) => `C:Q1x\nP:${name}\nV:${version}\nA:x86_64\n`).join('\n');
}

/** An install layer as compose makes it. */
export function installFiles(specs: readonly ApkSpec[]): readonly FixtureFile[] {
  return [
    { path: '.pkg/' },
    { path: '.pkg/install.sh', content: '#!/bin/sh\n', mode: 0o755 },
    { path: '.wh..PKGINFO' },
    { path: 'lib/' },
    { path: 'lib/apk/' },
    { path: 'lib/apk/db/' },
    { path: 'lib/apk/db/installed', content: installedDatabase(specs) },
  ];
}

export function archives(specs: readonly ApkSpec[]): readonly TestLayer[] {
  return specs.map((spec) => ({ blob: makeApk(spec) }));
}

/** A package URL as the layers' annotations have it. */
export function purl({ name, version }: Pick<ApkSpec, 'name' | 'version'>): string {
  return `pkg:apk/alpine/${encodeURIComponent(name)}@${version}?arch=x86_64&distro=alpine-v3.19`;
}

export async function imageTar(
  t: Hooks,
  layers: readonly TestLayer[],
  options: TestImageOptions = {},
): Promise<string> {
  const path = join(tempDir(t), 'out.tar');
  await writeImageTar(makeImage(tempDir(t), layers, options), path);
  return path;
}

export interface Verifying {
  /** A new one */
  readonly cache?: string;
  readonly trust?: Partial<SourceOptions>;
  readonly platform?: string;
}

/** By the test key, in an empty catalog, unless told otherwise. */
export function verified(t: Hooks, image: string, options: Verifying = {}): Promise<VerifyReport> {
  const { cache = tempDir(t), platform = '' } = options;
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  return use({ cache }, (context) =>
    verify(context, { image, platform, trust: source({ keyring, architecture: '', ...options.trust }) }),
  );
}

/** `code layer path`, a line each. */
export function problemsOf({ problems }: VerifyReport): readonly string[] {
  return problems.map(({ code, layer, path }) =>
    [code, layer, path].filter((word) => word !== null).join(' '),
  );
}
