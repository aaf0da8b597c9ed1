import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/* Writes `compose --help` beside the program, for machines whose Node.js is too old to run it (newer-node.js). */
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
writeFileSync(new URL('../dist/help.txt', import.meta.url), execFileSync(process.execPath, [main, '--help']));
