import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFixtureKey } from '../../test/fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../test/fixtures/mirror-dir.ts';
import { compare, NOTHING, type Run, run } from '../lib/measure.ts';
import { startMirrorProcess } from '../lib/mirror-process.ts';
import { onRegistry } from '../lib/on-registry.ts';
import { findTool } from '../lib/tools.ts';
import {
  beginPart,
  compose,
  fresh,
  INFORMATION,
  ROUNDS,
  record,
  recordBaseline,
  work,
} from '../lib/workbench.ts';
import { LARGE, writeMirror } from './apko.ts';

const CACHE = 'publish';
const MIRROR_CACHE = 'publish-mirror';
/** Each takes half a minute. */
const MIRROR_ROUNDS = 1;
const MADE_PACKAGES = 2_000;
const MIRROR_PEAK_MIB = 200;

/** Many packages to docker-registry 2.8: an image beside `apko publish`, and a repository by `mirror add`. `data`: the Alpine data */
export async function publish(data: string): Promise<void> {
  beginPart('Many packages to a registry on loopback');
  await onRegistry(async ({ registry, after }) => {
    const place = join(work, 'publish');
    const keyring = writeMirror(data, place);
    const packages = await startMirrorProcess(join(place, 'mirror'));
    after(() => packages.stop());
    besideApko({ place, keyring, repository: `${packages.url}/main`, host: registry.host });
    const made = await startMirrorProcess(writeMade());
    after(() => made.stop());
    mirrorAdd(made.url, registry.host);
  });
}

interface Rig {
  readonly place: string;
  readonly keyring: string;
  readonly repository: string;
  readonly host: string;
}

/** An image whose packages the registry has in other repositories: all is cached, nothing but the install layer is sent. */
function besideApko(rig: Rig): void {
  const { keyring, repository, host } = rig;
  const source = ['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64', '--base', 'none'];
  const words = [...LARGE, ...source, '--repo', repository, '--keyring', keyring];
  const ours = (name: string): Run => compose(CACHE, ...words, '--push', `${host}/${name}:1`);
  const theirs = apkoPublish(rig);
  let count = 0;
  const target = '≤ 0.25 s';
  ours('first/app');
  theirs?.('first/apko');
  const runs = compare(ROUNDS, {
    apko: () => theirs?.(`apko-${count++}/app`) ?? NOTHING,
    ours: () => ours(`compose-${count++}/app`),
  });
  if (theirs !== undefined) recordBaseline(`apko publish, warm, ${LARGE.length} packages`, runs.apko);
  const ratio = runs.ours.seconds / runs.apko.seconds;
  const compared = theirs === undefined ? 'no apko' : `≤ 0.15 × apko, here ${ratio.toFixed(2)} ×`;
  record({
    what: `compose PKG… --push, warm, ${LARGE.length} packages, mounted from another repository`,
    ...runs.ours,
    target: `${target}; ${compared}`,
    holds: runs.ours.seconds <= 0.25 && !(ratio > 0.15),
  });
}

function apkoPublish({ place, keyring, repository, host }: Rig): ((name: string) => Run) | undefined {
  const command = findTool('apko');
  if (command === undefined) return undefined;
  const config = join(place, 'apko.json');
  const contents = { repositories: [repository], keyring: [join(keyring, 'bench.rsa.pub')], packages: LARGE };
  writeFileSync(config, JSON.stringify({ contents, archs: ['x86_64'] }));
  const words = ['publish', '--sbom=false', '--log-level', 'error', '--cache-dir', join(place, 'apko-cache')];
  return (name) => run({ command, args: [...words, config, `${host}/${name}:1`] });
}

/** A repository of small packages. @returns its folder */
function writeMade(): string {
  const folder = join(work, 'publish-made');
  const key = makeFixtureKey('bench.rsa.pub');
  writeApkKeyring(join(work, 'publish-keys'), [key]);
  const packages = Array.from({ length: MADE_PACKAGES }, (_, at) => ({
    name: `made${at}`,
    version: '1.0-r0',
    files: [{ path: 'usr/' }, { path: `usr/made${at}`, content: `${at}\n`.repeat(2_000) }],
  }));
  writeAlpineMirror(folder, { packages, key });
  return folder;
}

function mirrorAdd(url: string, host: string): void {
  const words = [
    ...['mirror', 'add', '--all', '--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64'],
    ...['--mirror', url, '--repo', 'main', '--keyring', join(work, 'publish-keys'), '--to'],
  ];
  let count = 0;
  const add = (): Run => compose(MIRROR_CACHE, ...words, `${host}/mirror-${count++}/alpine`);
  const runs = compare(MIRROR_ROUNDS, {
    cold: () => {
      fresh(MIRROR_CACHE);
      return add();
    },
    warm: add,
  });
  record({
    what: `mirror add of ${MADE_PACKAGES} packages, nothing cached`,
    ...runs.cold,
    target: `≤ ${MIRROR_PEAK_MIB} MiB`,
    holds: runs.cold.peakMiB <= MIRROR_PEAK_MIB,
  });
  record({ what: 'the same into another repository, all mounted', ...runs.warm, ...INFORMATION });
}
