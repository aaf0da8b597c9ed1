import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * Writes what the npm package contains beside the program: the text of `compose --help`, for machines whose Node.js is too old to
 * run it (newer-node.js), and the manual page, which npm installs where man finds it.
 */
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const printed = (...words) => execFileSync(process.execPath, [main, ...words]);
writeFileSync(new URL('../dist/help.txt', import.meta.url), printed('--help'));
writeFileSync(new URL('../dist/compose.1', import.meta.url), printed('help', '--man'));
