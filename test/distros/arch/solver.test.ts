import assert from 'node:assert/strict';
import { test } from 'node:test';
import { solve } from '../../../src/distros/arch/solver.ts';
import { type MemoryRepository, memorySource } from './memory-source.ts';

/** `name-version depends… | +provides !conflicts @group` a line, `[repository]` before its packages. */
function repositories(text: string): MemoryRepository[] {
  const found: { name: string; packages: MemoryRepository['packages'][number][] }[] = [];
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '') continue;
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (header !== undefined) found.push({ name: header, packages: [] });
    else {
      const [label = '', ...words] = line.split(' ');
      const dash = label.lastIndexOf('-');
      const starting = (sign: string): string[] =>
        words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
      found.at(-1)?.packages.push({
        name: label.slice(0, dash),
        version: label.slice(dash + 1),
        depends: words.filter((word) => !/^[+!@]/.test(word)),
        provides: starting('+'),
        conflicts: starting('!'),
        groups: starting('@'),
      });
    }
  }
  return found;
}

/** Install order with `*` at explicit packages, or the problems' messages. */
function answer(text: string, ...targets: string[]): string {
  const list = repositories(text);
  const result = solve(
    { targets, architecture: 'x86_64', repositoryNames: list.map(({ name }) => name) },
    memorySource(list),
  );
  if (!result.ok) return result.problems.map(({ kind, message }) => `${kind}: ${message}`).join('\n');
  return result.packages
    .map(({ package: entry, reason }) => `${entry.name}-${entry.version}${reason === 'explicit' ? '*' : ''}`)
    .join(' ');
}

const TWO = `
  [core]
    glibc-2 linux-api
    linux-api-1
    bash-5 readline>=7 glibc +sh
    readline-7 glibc
    dash-1 glibc +sh
  [extra]
    bash-6 glibc
    zsh-5 sh @shells
    fish-3 sh @shells
`;

test('dependencies come before what needs them, the first repository wins', () => {
  assert.equal(answer(TWO, 'bash'), 'linux-api-1 glibc-2 readline-7 bash-5*');
});

test('repository/name asks that repository', () => {
  assert.equal(answer(TWO, 'extra/bash'), 'linux-api-1 glibc-2 bash-6*');
});

test('an unmet version of the first repository is looked for in the next', () => {
  assert.equal(answer(TWO, 'bash>5'), 'linux-api-1 glibc-2 bash-6*');
});

test('a provision is met by the first provider by name, or by a target', () => {
  assert.equal(answer(TWO, 'zsh'), 'linux-api-1 glibc-2 readline-7 bash-5 zsh-5*');
  assert.equal(answer(TWO, 'zsh', 'dash'), 'linux-api-1 glibc-2 dash-1* zsh-5*');
});

test('a group is all its members', () => {
  assert.equal(answer(TWO, 'shells'), 'linux-api-1 glibc-2 readline-7 bash-5 fish-3* zsh-5*');
});

test('a target named twice is one; of two repositories a conflict', () => {
  assert.equal(answer(TWO, 'dash', 'dash'), 'linux-api-1 glibc-2 dash-1*');
  assert.match(answer(TWO, 'bash', 'extra/bash'), /^conflict: extra\/bash asks for bash-6, but bash-5/);
});

test('unknown targets and missing requirements are told with their chain', () => {
  assert.equal(answer(TWO, 'nope'), 'unknown: no package, provision or group is called nope');
  assert.match(
    answer(TWO, 'bash>9'),
    /^version: bash>9 is not to be had: the repositories have bash-5, bash-6/,
  );
  const broken = '[core]\n a-1 b\n b-1 c>2\n c-1';
  assert.equal(
    answer(broken, 'a'),
    'version: nothing satisfies c>2, which is required by a-1 → b-1; there is c-1',
  );
});

test('conflicts refuse, unless one provides the other', () => {
  const clash = '[core]\n a-1 b c\n b-1\n c-1 !b';
  assert.equal(answer(clash, 'a'), 'conflict: c-1 and b-1 are in conflict');
  const stands = '[core]\n mesa-1 \n amber-1 +mesa !mesa\n x-1 mesa';
  assert.equal(answer(stands, 'mesa', 'amber', 'x'), 'amber-1* x-1*');
});

test('a package never conflicts with its own name', () => {
  assert.equal(answer('[core]\n a-1 +b !b !a', 'a'), 'a-1*');
});

test('a cycle is installed', () => {
  assert.equal(answer('[core]\n a-1 b\n b-1 c\n c-1 a', 'a'), 'c-1 b-1 a-1*');
});

test('of two versions in one folder the newest is the one', () => {
  assert.equal(answer('[pool]\n a-1.10\n a-1.9\n b-1 +x\n b-2', 'a'), 'a-1.10*');
  assert.match(answer('[pool]\n b-1 +x\n b-2', 'x'), /^unknown/);
});

test('a package for another machine is refused', () => {
  const source = memorySource([
    { name: 'core', packages: [{ name: 'a', version: '1', architecture: 'i686' }] },
  ]);
  const result = solve({ targets: ['a'], architecture: 'x86_64' }, source);
  assert.ok(!result.ok);
  assert.equal(result.problems[0]?.kind, 'uninstallable');
});

test('a chain without end and a failure without end are cut', () => {
  const chain = Array.from({ length: 3000 }, (_, n) => `p${n}-1 p${n + 1}`).join('\n');
  assert.throws(() => answer(`[core]\n${chain}`, 'p0'), { code: 'LIMIT' });
  // Every level is needed twice by the one before, and the last is missing: 2^40 walks without memory.
  const ladder = Array.from({ length: 40 }, (_, n) => `a${n}-1 a${n + 1} b${n}\nb${n}-1 a${n + 1}`).join(
    '\n',
  );
  assert.match(answer(`[core]\n${ladder}`, 'a0'), /^unknown: nothing provides a40/);
});
