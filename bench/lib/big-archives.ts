import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file of pseudo-random bytes that compress a little: neither all zero nor incompressible. */
function writePayload(path: string, sizeMiB: number): void {
  shell(`head -c ${sizeMiB}M /dev/urandom | od -An -v -tx1 -w64 | head -c ${sizeMiB}M > '${path}'`);
}

function shell(script: string): void {
  const result = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(result.stderr);
}

/** An unsigned apk v2 with one large file; returns its name. */
export function bigApk(folder: string, sizeMiB: number): string {
  const name = `big-${sizeMiB}-r0.apk`;
  const tree = join(folder, 'apk-tree');
  mkdirSync(join(tree, 'data'), { recursive: true });
  writePayload(join(tree, 'data/payload'), sizeMiB);
  shell(`cd '${tree}' && tar --format=pax -cf - data | gzip -1n > data.tar.gz`);
  shell(
    `cd '${tree}' && { printf 'pkgname = big\\npkgver = ${sizeMiB}-r0\\narch = noarch\\nsize = 1\\ndatahash = '; sha256sum < data.tar.gz | cut -d' ' -f1; } > .PKGINFO`,
  );
  // The control member has no end-of-archive: its two trailing zero blocks are cut off.
  shell(
    `cd '${tree}' && tar --format=ustar -b1 -cf control.tar .PKGINFO && head -c 1024 control.tar | gzip -9n > control.tar.gz`,
  );
  shell(`cd '${tree}' && cat control.tar.gz data.tar.gz > '${join(folder, name)}'`);
  rmSync(tree, { recursive: true });
  return name;
}

/** A .pkg.tar.zst with one large file; returns its name. */
export function bigArchPackage(folder: string, sizeMiB: number): string {
  const name = `big-${sizeMiB}-1-any.pkg.tar.zst`;
  const tree = join(folder, 'arch-tree');
  mkdirSync(tree, { recursive: true });
  writePayload(join(tree, 'payload'), sizeMiB);
  writeFileSync(
    join(tree, '.PKGINFO'),
    `pkgname = big\npkgbase = big\npkgver = ${sizeMiB}-1\narch = any\nsize = 1\n`,
  );
  shell(`cd '${tree}' && tar --format=pax -cf - .PKGINFO payload | zstd -q -1 > '${join(folder, name)}'`);
  rmSync(tree, { recursive: true });
  return name;
}
