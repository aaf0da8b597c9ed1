import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { chooseTestFiles } from './test-files.ts';

/** `npm run watch -- FILE|FOLDER…`: runs tests, and again those that import a file that was changed, until it is interrupted. */

const words = process.argv.slice(2);
const { run } = chooseTestFiles('quick', words);
if (run.length === 0) {
  console.error(`no tests in ${words.join(' ')}`);
  process.exit(2);
}
spawn(process.execPath, ['--test', '--watch', ...run], {
  cwd: resolve(import.meta.dirname, '..'),
  stdio: 'inherit',
}).on('close', (code) => process.exit(code ?? 1));
