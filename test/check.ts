import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/**
 * `npm test`: what must hold before a change goes in; `npm run test:all` (`--all`): the slow tests as well. Every step
 * runs; one line each at the end. With files or folders as arguments (`npm test -- test/compose`) only their tests run.
 */
interface Step {
  readonly name: string;
  /** For node */
  readonly words: readonly string[];
}

const root = resolve(import.meta.dirname, '..');
const bin = (name: string): string => resolve(root, 'node_modules/.bin', name);

const given = process.argv.slice(2);

const STEPS: readonly Step[] = [
  { name: 'format and lint', words: [bin('biome'), 'ci', '--error-on-warnings', '.'] },
  { name: 'types', words: [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'tests, the import rule, docs in sync', words: ['test/run.ts', ...given] },
];

const chosen = given.some((word) => word !== '--all') ? STEPS.slice(-1) : STEPS;
const results = chosen.map(({ name, words }) => {
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.log(String(error));
  return { name, ok: status === 0 };
});

console.log('');
for (const { name, ok } of results) console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
