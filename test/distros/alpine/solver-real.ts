import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { solverRules } from '../../../src/distros/alpine/rules.ts';
import { solve } from '../../../src/distros/alpine/solver.ts';
import {
  type Answer,
  answerOf,
  askRealApk,
  digestOf,
  RECORDED,
  readRecorded,
  realRequests,
  recordedText,
} from './real-requests.ts';

const USAGE = `npm run solver-real -- [options] COUNT
Puts seeded requests to Alpine 3.19 to the real apk 2.14.0 of the test data, and compares set, order and refusal with the solver's.
  --seed N    seed of the requests [default: that of the recorded ones]
  --record    record digests of the real answers for the tests
Exit status: 0 if all answers are equal, 1 if one differs, 2 for a wrong command line or missing test data.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, record: { type: 'boolean', default: false } },
});
const count = Number(positionals[0]);
const seed = values.seed === undefined ? readRecorded().seed : Number(values.seed);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) stop(USAGE);
const real = realRequests(seed, count) ?? stop('the indexes of Alpine 3.19 are missing\n');
const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-solver-real-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const ask = askRealApk(folder);
if (typeof ask === 'string') stop(`${ask}\n`);

const rules = solverRules('2.14.0');
const digests: string[] = [];
let different = 0;
for (const targets of real.requests) {
  const expected = ask(targets);
  digests.push(digestOf(expected));
  const got = answerOf(solve({ targets, architecture: 'x86_64' }, real.source, rules));
  if (JSON.stringify(got) !== JSON.stringify(expected)) report(targets, got, expected);
}
if (values.record) writeFileSync(RECORDED, recordedText({ seed, index: real.index, digests }));
console.log(`${count} requests, seed ${seed}: ${different} different`);
process.exitCode = different === 0 ? 0 : 1;

function report(targets: readonly string[], got: Answer, expected: Answer): void {
  different += 1;
  console.log(
    `apk add ${targets.join(' ')}\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}`,
  );
}

function stop(text: string): never {
  process.stderr.write(text);
  process.exit(2);
}
