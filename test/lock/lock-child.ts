import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from '../../src/lock/file-lock.ts';

/**
 * A process that takes a lock: its path, then `hold` (prints `held`, and keeps it), or a file and a number of turns: each time
 * it adds one to the number in the file, slowly enough for another holder to be seen.
 */
const [lock = '', counter = '', turns = '1'] = process.argv.slice(2);

if (counter === 'hold') {
  await withFileLock(lock, {}, async () => {
    process.stdout.write('held\n');
    await sleep(60_000);
  });
}
for (let turn = 0; turn < Number(turns); turn++) {
  await withFileLock(lock, {}, async () => {
    const before = Number(readFileSync(counter, 'utf8'));
    await sleep(1);
    writeFileSync(counter, String(before + 1));
    if (turn % 10 === 9) appendFileSync(`${counter}.log`, `${process.pid}\n`);
  });
}
