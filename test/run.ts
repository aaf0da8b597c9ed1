import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { sharedData } from './fixtures/shared.ts';
import { chooseTestFiles } from './test-files.ts';

/** `run.ts [--all] [FILE|FOLDER…]`: the tests, by node's own runner, and aloud what is left out and why. */

/** Test files are processes that also wait for servers and for processes of their own. */
const MAX_CONCURRENCY = 4;
/** The longest, the Arch sets beside the real pacman, take eight minutes on a busy machine. */
const TEST_TIMEOUT_MS = 20 * 60_000;

const root = resolve(import.meta.dirname, '..');

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** What this machine cannot test. */
function missingParts(): readonly string[] {
  const parts: string[] = [];
  if (sharedData('data') === undefined) {
    parts.push(
      'tests on real Alpine and Arch packages: ../shared/data does not exist (PKGCOMPOSE_SHARED can name another ../shared)',
    );
  }
  if (process.getuid?.() !== 0) parts.push('tests that start a container engine: not root');
  for (const program of ['dockerd', 'podman', 'chromium']) {
    if (!isInstalled(program)) parts.push(`tests with ${program}: not installed`);
  }
  return parts;
}

const words = process.argv.slice(2);
const extent = words.includes('--all') ? 'all' : 'quick';
const paths = words.filter((word) => word !== '--all');
const { run, leftOut } = chooseTestFiles(extent, paths);
if (run.length === 0) {
  const where = paths.join(' ');
  console.error(
    leftOut.length > 0 ? `only slow tests in ${where}: npm run test:all -- ${where}` : `no tests in ${where}`,
  );
  process.exit(2);
}
const notes = missingParts().map((part) => `skipped: ${part}`);
if (leftOut.length > 0) {
  notes.push(
    `left out: ${leftOut.length} files of slow tests (*.slow.test.ts: real engines, package managers and registries, stress). To run all: npm run test:all; to run one: npm test -- FILE`,
  );
}
for (const note of notes) console.log(note);
const concurrency = Math.min(MAX_CONCURRENCY, availableParallelism() + 1);
const { status, signal } = spawnSync(
  process.execPath,
  ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${TEST_TIMEOUT_MS}`, ...run],
  {
    cwd: root,
    stdio: 'inherit',
    // Types are stripped and code is compiled once, not by every process.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'pkgcompose-test-code'), ...process.env },
  },
);
for (const note of notes) console.log(note);
process.exit(signal === null ? (status ?? 1) : 1);
