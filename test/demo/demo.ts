import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
/** As README.md has it */
const DOCKERFILE = `FROM pkgcompose/gcc
RUN /.pkg/install.sh
COPY main.c .
RUN gcc main.c -o main
`;
/** Typed into the shell of the image */
const IN_CONTAINER = '. /etc/os-release; echo "in: $NAME"; gcc --version\n';
/** The name that an image of gcc gets by itself */
const IMAGE = 'pkgcompose/gcc';
const BUILT = 'pkgcompose-demo/main';

interface Trial {
  readonly distro: 'alpine' | 'arch';
  readonly packages: readonly string[];
  readonly mirror: string;
  readonly keyring: string;
  /** Paths of the mirror's packages */
  readonly archives: readonly string[];
}

async function compose(trial: Trial, words: readonly string[]): Promise<void> {
  const { distro, packages, mirror, keyring } = trial;
  const all = [...packages, '--distro', distro, '--mirror', mirror, '--keyring', keyring, ...words];
  await show(join(root, 'compose'), all, { shownAs: 'compose', cwd: placeOf(trial), env });
}

function placeOf({ distro }: Trial): string {
  return join(folder, distro);
}

async function removeImage(image: string): Promise<void> {
  if ((await ask('docker', ['image', 'inspect', image])) !== undefined) {
    await show('docker', ['image', 'rm', '--force', image], { quiet: true });
  }
}

async function runInDocker(trial: Trial): Promise<void> {
  const cwd = placeOf(trial);
  await show('docker', ['run', '--rm', '-i', '--network', 'none', IMAGE], { input: IN_CONTAINER });
  writeFileSync(join(cwd, 'main.c'), PROGRAM);
  writeFileSync(join(cwd, 'Dockerfile'), DOCKERFILE);
  await show('docker', ['build', '-q', '--network', 'none', '-t', BUILT, '.'], { cwd });
  await show('docker', ['run', '--rm', '--network', 'none', BUILT, '/main']);
}

async function tryOut(trial: Trial, docker: string | undefined): Promise<void> {
  heading(`${trial.distro}: compose ${trial.packages.join(' ')}`);
  mkdirSync(placeOf(trial));
  await compose(trial, []);
  if (docker === undefined) {
    heading(`${trial.distro}: no Docker engine answers here, so pkgcompose's own reader checks the image`);
    await checkImage(join(placeOf(trial), 'out.tar'), trial.archives);
    return;
  }
  heading(`${trial.distro}: compile and run a C program in containers without network`);
  try {
    // The file has Arch's own zstd layers, which Docker reads from 23 on; --load picks what this engine reads.
    if (trial.distro === 'alpine') await show('docker', ['load', '-i', 'out.tar'], { cwd: placeOf(trial) });
    else await compose(trial, ['--load']);
    await runInDocker(trial);
  } finally {
    for (const image of [BUILT, IMAGE]) await removeImage(image);
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
      packages: ['gcc', 'musl-dev'],
      mirror: `${url}/alpine`,
      keyring: mirror.alpineKeys,
      archives: globSync(join(mirror.root, 'alpine/v*/*/*/*.apk')),
    },
    {
      distro: 'arch',
      packages: ['gcc'],
      mirror: `${url}/arch`,
      keyring: mirror.archKeys,
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
