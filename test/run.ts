import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { sharedData } from './fixtures/shared.ts';

/** `npm test [-- FILE|FOLDER…]`: the tests, by node's own runner, and aloud what this machine cannot test. */

/** Test files are processes; engines and compressors use the second core by themselves. */
const MAX_CONCURRENCY = 4;
/** The longest, an engine that loads an image of 100 layers on a busy machine, takes a minute. */
const TEST_TIMEOUT_MS = 8 * 60_000;

const root = resolve(import.meta.dirname, '..');

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

function missingParts(): readonly string[] {
  const parts: string[] = [];
  if (sharedData('data') === undefined) {
    parts.push(
      "tests on real Alpine and Arch packages: no ../shared/data here (PKGCOMPOSE_SHARED may name the folder's parent)",
    );
  }
  if (process.getuid?.() !== 0) parts.push('tests that start a container engine: not root');
  for (const program of ['dockerd', 'podman']) {
    if (!isInstalled(program)) parts.push(`tests with ${program}: not installed`);
  }
  return parts;
}

function testFiles(words: readonly string[]): readonly string[] {
  if (words.length === 0) return globSync('test/**/*.test.ts', { cwd: root }).sort();
  return words.flatMap((word) =>
    word.endsWith('.ts') ? [word] : globSync(`${word.replace(/\/$/, '')}/**/*.test.ts`, { cwd: root }).sort(),
  );
}

const files = testFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error(`no tests in ${process.argv.slice(2).join(' ')}`);
  process.exit(2);
}
for (const part of missingParts()) console.log(`skipped: ${part}`);
const concurrency = Math.min(MAX_CONCURRENCY, availableParallelism());
const { status, signal } = spawnSync(
  process.execPath,
  ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${TEST_TIMEOUT_MS}`, ...files],
  { cwd: root, stdio: 'inherit' },
);
for (const part of missingParts()) console.log(`skipped: ${part}`);
process.exit(signal === null ? (status ?? 1) : 1);
