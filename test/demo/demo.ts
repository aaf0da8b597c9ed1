import { globSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startMirror } from '../fake/mirror.ts';
import { checkImage } from './check-image.ts';
import { SampleMirrorError } from './debian.ts';
import { type SampleMirror, sampleMirror } from './sample-mirror.ts';
import { ask, CommandError, heading, show } from './terminal.ts';

/**
 * `npm run demo`: what a user does, from a mirror to a C program compiled in a container, for both families.
 * No distribution mirror is asked: see sample-mirror.ts for what stands in for them.
 */

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'cache/demo');
const env = { PKGCOMPOSE_CACHE: join(folder, 'cache') };

const PROGRAM = `#include <stdio.h>
int main(void) {
  printf("hello from a C program, %ld-bit, compiled here by gcc %s\\n", 8 * (long)sizeof(void *), __VERSION__);
  return 0;
}
`;
/** Finish the install as the real tool would, then compile what comes in and run it. */
const IN_CONTAINER =
  'set -e; /.pkg/install.sh; . /etc/os-release; echo "in: $NAME"; cat > /tmp/hello.c; gcc -O2 -o /tmp/hello /tmp/hello.c; /tmp/hello';

interface Trial {
  readonly distro: 'alpine' | 'arch';
  readonly mirror: string;
  readonly keyring: string;
  readonly image: string;
  /** Paths of the mirror's packages */
  readonly archives: readonly string[];
}

async function compose(trial: Trial, words: readonly string[]): Promise<void> {
  const { distro, mirror, keyring, image } = trial;
  const all = ['gcc', '--distro', distro, '--mirror', mirror, '--keyring', keyring, '-t', image, ...words];
  await show(join(root, 'compose'), all, { shownAs: 'compose', cwd: folder, env });
}

async function removeImage(image: string): Promise<void> {
  if ((await ask('docker', ['image', 'inspect', image])) !== undefined) {
    await show('docker', ['image', 'rm', '--force', image], { quiet: true });
  }
}

async function runInDocker(trial: Trial): Promise<void> {
  const words = ['run', '--rm', '--interactive', '--network', 'none', trial.image];
  await show('docker', [...words, '/bin/sh', '-c', IN_CONTAINER], { input: PROGRAM });
}

async function tryOut(trial: Trial, docker: string | undefined): Promise<void> {
  heading(`${trial.distro}: compose gcc`);
  const output = `${trial.distro}.tar`;
  await compose(trial, ['-o', output]);
  if (docker === undefined) {
    heading(`${trial.distro}: no Docker engine answers here, so pkgcompose's own reader checks the image`);
    await checkImage(join(folder, output), trial.archives);
    return;
  }
  heading(`${trial.distro}: compile and run a C program in a container without network`);
  try {
    // The file has Arch's own zstd layers, which Docker reads from 23 on; --load picks what this engine reads.
    if (trial.distro === 'alpine') await show('docker', ['load', '--input', output], { cwd: folder });
    else await compose(trial, ['--load']);
    await runInDocker(trial);
  } finally {
    await removeImage(trial.image);
  }
}

async function demo(mirror: SampleMirror, url: string): Promise<void> {
  const version = (await ask('docker', ['version', '--format', '{{.Server.Version}}']))?.trim();
  const docker = version === '' ? undefined : version;
  console.log(
    docker === undefined ? 'No Docker engine answers on this machine.' : `Docker ${docker} answers.`,
  );
  console.log(`$ cd ${folder}\n$ export PKGCOMPOSE_CACHE=${env.PKGCOMPOSE_CACHE}`);
  const trials: readonly Trial[] = [
    {
      distro: 'alpine',
      mirror: `${url}/alpine`,
      keyring: mirror.alpineKeys,
      image: 'pkgcompose-demo/alpine-gcc:latest',
      archives: globSync(join(mirror.root, 'alpine/v*/*/*/*.apk')),
    },
    {
      distro: 'arch',
      mirror: `${url}/arch`,
      keyring: mirror.archKeys,
      image: 'pkgcompose-demo/arch-gcc:latest',
      archives: globSync(join(mirror.root, 'arch/*/os/*/*.pkg.tar.zst')),
    },
  ];
  for (const trial of trials) await tryOut(trial, docker);
}

async function main(): Promise<number> {
  const started = Date.now();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  heading("a sample mirror: this machine's Debian packages, repacked as signed .apk and .pkg.tar.zst");
  try {
    const mirror = await sampleMirror(join(root, 'cache/sample-mirror'));
    const server = await startMirror(mirror.root);
    console.log(`  ${mirror.packages} packages, laid out like Alpine's and Arch's mirrors, at ${server.url}`);
    try {
      await demo(mirror, server.url);
    } finally {
      await server.close();
    }
  } catch (error) {
    if (!(error instanceof SampleMirrorError) && !(error instanceof CommandError)) throw error;
    console.error(`\nThe demo failed: ${error.message}`);
    return 1;
  }
  console.log(
    `\nThe demo is done (${Math.round((Date.now() - started) / 1000)} s). Images are in ${folder}.`,
  );
  return 0;
}

process.exitCode = await main();
