import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** `npm run check`: all that must hold before a change goes in. Every step runs; one line each at the end. */
interface Step {
  readonly name: string;
  /** For node */
  readonly words: readonly string[];
}

const root = resolve(import.meta.dirname, '..');
const bin = (name: string): string => resolve(root, 'node_modules/.bin', name);

const STEPS: readonly Step[] = [
  { name: 'format and lint', words: [bin('biome'), 'ci', '--error-on-warnings', '.'] },
  { name: 'types', words: [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'tests and the import rule', words: ['test/run.ts'] },
];

const results = STEPS.map(({ name, words }) => {
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.log(String(error));
  return { name, ok: status === 0 };
});

console.log('');
for (const { name, ok } of results) console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
