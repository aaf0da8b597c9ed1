/**
 * Measures what bench/README.md lists, on real distribution data, and prints a table; `--record` also writes
 * bench/results.md with machine and versions. Root is needed for the comparison with the real apk.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { sharedData } from '../test/fixtures/shared.ts';
import { duration, memory, parts, ROOT, ROUNDS, work } from './lib/workbench.ts';
import { alpinePlans } from './parts/alpine-plans.ts';
import { besideApko } from './parts/apko.ts';
import { archPlans } from './parts/arch-plans.ts';
import { images } from './parts/images.ts';
import { questions } from './parts/questions.ts';
import { registries } from './parts/registries.ts';

const shared = sharedData('.');
const data = sharedData('data/alpine');
if (shared === undefined || data === undefined) {
  console.log('skipped: the benches need the real packages in ../shared/data, which does not exist');
  process.exit(0);
}
const all: Readonly<Record<string, () => void | Promise<void>>> = {
  images: () => images(data),
  'alpine-plans': () => alpinePlans(data),
  'arch-plans': () => archPlans(shared),
  apko: () => besideApko(data),
  questions: () => questions(shared),
  registries: () => registries(data),
};
const words = process.argv.slice(2);
const chosen = words.filter((word) => word !== '--record');
const unknown = chosen.filter((word) => all[word] === undefined);
if (unknown.length > 0 || (words.includes('--record') && chosen.length > 0)) {
  console.error(`expected any of ${Object.keys(all).join(', ')}, or --record alone; got ${words.join(' ')}`);
  process.exit(64);
}

try {
  // The launcher builds what is measured.
  const { status } = spawnSync(join(ROOT, 'compose'), ['--version'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('there is no build to measure');
  for (const [name, part] of Object.entries(all)) {
    if (chosen.length === 0 || chosen.includes(name)) await part();
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (words.includes('--record')) writeFileSync(join(ROOT, 'bench/results.md'), report());

function report(): string {
  const { stdout } = spawnSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
  const tables = parts.flatMap(({ title, rows }) => [
    '',
    `## ${title}`,
    '',
    '| what | time | peak memory | target | holds |',
    '|---|---|---|---|---|',
    ...rows.map(({ what, seconds, peakMiB, target, holds }) => {
      const cells = [what, duration(seconds), memory(peakMiB), target, holds ? 'yes' : 'NO'];
      return `| ${cells.join(' | ')} |`;
    }),
  ]);
  const date = new Date().toISOString().slice(0, 10);
  return [
    '# Results',
    '',
    `${date}, commit ${stdout.trim()}, ${machine}. Made by \`npm run bench -- --record\`; medians of ${ROUNDS} or more, alternating.`,
    ...tables,
    '',
  ].join('\n');
}
