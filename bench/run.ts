/**
 * Measures what bench/README.md lists, on real distribution data, and prints a table; `--record` also writes it to
 * bench/results.md with machine and versions. Root is needed for the comparison with the real apk.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { sharedData } from '../test/fixtures/shared.ts';
import { whyNoMeasure } from './lib/measure.ts';
import { resultsWith } from './lib/results.ts';
import { parts, ROOT } from './lib/workbench.ts';
import { alpinePlans } from './parts/alpine-plans.ts';
import { besideApko } from './parts/apko.ts';
import { archPlans } from './parts/arch-plans.ts';
import { copies } from './parts/copies.ts';
import { images } from './parts/images.ts';
import { publish } from './parts/publish.ts';
import { questions } from './parts/questions.ts';
import { registries } from './parts/registries.ts';
import { scaleArchives } from './parts/scale-archives.ts';
import { scaleImages } from './parts/scale-images.ts';
import { scalePackages } from './parts/scale-packages.ts';
import { serveBeside } from './parts/serve-beside.ts';
import { servePeers } from './parts/serve-peers.ts';

const RESULTS = join(ROOT, 'bench/results.md');
/** As sysexits.h has it */
const EXIT_USAGE = 64;
const EXIT_BUSY = 75;

const shared = sharedData('.');
const data = sharedData('data/alpine');
if (shared === undefined || data === undefined) {
  console.log('skipped: the benches need the real packages in ../shared/data, which does not exist');
  process.exit(0);
}
const lacking = whyNoMeasure();
if (lacking !== undefined) {
  console.log(`skipped: nothing can be measured: ${lacking}`);
  process.exit(0);
}
const all: Readonly<Record<string, () => void | Promise<void>>> = {
  images: () => images(data),
  'alpine-plans': () => alpinePlans(data),
  'arch-plans': () => archPlans(shared),
  apko: () => besideApko(data),
  copies: () => copies(data),
  questions: () => questions(shared),
  registries: () => registries(data),
  publish: () => publish(data),
  'serve-peers': () => servePeers(data),
  'serve-beside': () => serveBeside(data),
  'scale-packages': scalePackages,
  'scale-archives': scaleArchives,
  'scale-images': () => scaleImages(data),
};
/** Parts of this kind take minutes, and measure curves of processor time: they run when they are named. */
const SCALE = 'scale';
const words = process.argv.slice(2);
const names = words.filter((word) => word !== '--record');
const isNamed = (part: string): boolean => names.some((name) => part === name || part.startsWith(`${name}-`));
const chosen = Object.keys(all).filter((part) =>
  names.length === 0 ? !part.startsWith(SCALE) : isNamed(part),
);
const unknown = names.filter(
  (name) => !Object.keys(all).some((part) => part === name || part.startsWith(`${name}-`)),
);
if (unknown.length > 0) {
  console.error(`expected any of ${Object.keys(all).join(', ')}, and --record; got ${words.join(' ')}`);
  process.exit(EXIT_USAGE);
}

// The launcher builds what is measured.
const { status } = spawnSync(join(ROOT, 'compose'), ['--version'], { stdio: 'inherit' });
if (status !== 0) throw new Error('there is no build to measure');
for (const name of chosen) await all[name]?.();

const busy = parts.filter(({ rows }) => rows.some((row) => row.busy !== undefined));
if (busy.length > 0) {
  console.log(`The machine was too busy to measure: ${busy.map(({ title }) => `"${title}"`).join(', ')}`);
}
if (words.includes('--record')) {
  const calm = parts.filter((part) => !busy.includes(part));
  if (calm.length > 0) writeFileSync(RESULTS, resultsWith(calm, stamp(), readFileSync(RESULTS, 'utf8')));
  for (const { title } of calm) console.log(`recorded: ${title}`);
  for (const { title } of busy)
    console.error(`not recorded: ${title}. Measure it again when the machine is calm`);
  if (busy.length > 0) process.exitCode = EXIT_BUSY;
}

function stamp(): string {
  const { stdout } = spawnSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
  return `${new Date().toISOString().slice(0, 10)}, commit ${stdout.trim()}, ${machine}.`;
}
