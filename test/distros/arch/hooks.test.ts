import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHook, splitWords } from '../../../src/distros/arch/hook.ts';
import { planHooks } from '../../../src/distros/arch/hooks.ts';
import { hookText, installed } from './installed.ts';

const VENDOR = 'usr/share/libalpm/hooks';
const ADMIN = 'etc/pacman.d/hooks';

/** name → targets, in order. */
function plan(...files: Readonly<Record<string, string>>[]): [string, readonly string[]][] {
  const packages = files.map((one, index) => installed({ name: 'abc'.charAt(index), files: one }));
  return planHooks(packages).hooks.map(({ hook, targets }) => [hook.name, targets]);
}

test('package targets, negated from the last pattern to the first', () => {
  const hooks = {
    [`${VENDOR}/10-all.hook`]: hookText({ target: '*' }, '/x'),
    [`${VENDOR}/20-not-b.hook`]: hookText({ target: ['*', '!b'] }, '/x'),
    [`${VENDOR}/30-again.hook`]: hookText({ target: ['!b', '*'] }, '/x'),
    [`${VENDOR}/40-none.hook`]: hookText({ target: ['b', '!b'] }, '/x'),
  };
  assert.deepEqual(plan(hooks, {}, {}), [
    ['10-all.hook', ['a', 'b', 'c']],
    ['20-not-b.hook', ['a', 'c']],
    ['30-again.hook', ['a', 'b', 'c']],
  ]);
});

test('path targets have no leading slash, directories a trailing one; sorted by bytes, each once', () => {
  const path = (target: string): string => hookText({ type: 'Path', target }, '/x');
  const hooks = {
    [`${VENDOR}/1.hook`]: path('opt/dir/'),
    [`${VENDOR}/2.hook`]: path('opt/dir'),
    [`${VENDOR}/3.hook`]: path('opt/*'),
    [`${VENDOR}/4.hook`]: path('/opt/*'),
    [`${VENDOR}/5.hook`]: hookText({ type: 'File', target: ['opt/*', '!opt/dir/'] }, '/x'),
    [`${VENDOR}/6.hook`]: path('.MTREE'),
  };
  const files = { 'opt/': '', 'opt/\u{10000}': '', 'opt/\uffee': '', 'opt/dir/': '', '.MTREE': '' };
  assert.deepEqual(plan(hooks, files, { 'opt/': '' }), [
    ['1.hook', ['opt/dir/']],
    ['3.hook', ['opt/', 'opt/dir/', 'opt/\uffee', 'opt/\u{10000}']],
    ['5.hook', ['opt/', 'opt/\uffee', 'opt/\u{10000}']],
  ]);
});

test("the administrator's folder overrides by name, /dev/null masks", () => {
  const text = hookText({ target: '*' }, '/vendor');
  const files = {
    [`${VENDOR}/b.hook`]: text,
    [`${VENDOR}/c.hook`]: text,
    [`${VENDOR}/a.hook`]: text,
    [`${VENDOR}/a-b.hook`]: text,
    [`${VENDOR}/d.hook`]: '-> b.hook',
    [`${VENDOR}/ignored.txt`]: text,
    [`${VENDOR}/deep/e.hook`]: text,
    [`${ADMIN}/b.hook`]: hookText({ target: '*' }, '/admin'),
    [`${ADMIN}/c.hook`]: '-> /dev/null',
  };
  const { hooks, problems } = planHooks([installed({ name: 'a', files })]);
  assert.deepEqual(
    hooks.map(({ hook }) => [hook.name, hook.command[0]]),
    [
      ['a.hook', '/vendor'],
      ['a-b.hook', '/vendor'],
      ['b.hook', '/admin'],
      ['d.hook', '/vendor'],
    ],
  );
  assert.deepEqual(problems, []);
});

test('hooks of another moment or another operation are not run', () => {
  const text = hookText({ target: '*' }, '/x');
  assert.deepEqual(
    plan({
      [`${VENDOR}/pre.hook`]: text.replace('PostTransaction', 'PreTransaction'),
      [`${VENDOR}/remove.hook`]: text.replace('Operation = Install', 'Operation = Remove'),
    }),
    [],
  );
});

test('a dependency of a hook is met by any package of the image', () => {
  const text = (depends: string): string => hookText({ target: 'a' }, '/x', `Depends = ${depends}`);
  const files = {
    [`${VENDOR}/1.hook`]: text('b>=2'),
    [`${VENDOR}/2.hook`]: text('sh'),
    [`${VENDOR}/3.hook`]: text('zzz'),
  };
  const { hooks } = planHooks([
    installed({ name: 'a', files }),
    installed({ name: 'b', version: '2-1', provides: ['sh'] }),
  ]);
  assert.deepEqual(
    hooks.map(({ unsatisfied }) => unsatisfied),
    [[], [], ['zzz']],
  );
});

test('links that lead nowhere or in a circle are reported', () => {
  const { hooks, problems } = planHooks([
    installed({ name: 'a', files: { [`${VENDOR}/1.hook`]: '-> /opt/x', [`${ADMIN}/2.hook`]: '-> 2.hook' } }),
  ]);
  assert.equal(hooks.length, 0);
  assert.equal(problems.length, 2);
});

const BAD: readonly (readonly [change: (text: string) => string, problem: string])[] = [
  [(text) => text.replace('Type = Package\n', ''), 'error: Missing trigger type in hook: x/1.hook'],
  [(text) => text.replace('Operation = Install\n', ''), 'error: Missing trigger operation in hook: x/1.hook'],
  [(text) => text.replace(/Target.*\n/, ''), 'error: Missing trigger targets in hook: x/1.hook'],
  [(text) => text.replace(/When.*\n/, ''), 'error: Missing When option in hook: x/1.hook'],
  [(text) => text.replace(/Exec.*\n/, ''), 'error: Missing Exec option in hook: x/1.hook'],
  [(text) => `${text}Bogus = 1\n`, 'error: hook x/1.hook line 10: invalid option Bogus'],
  [(text) => text.replace('[Action]', '[Bogus]'), 'error: hook x/1.hook line 6: invalid section Bogus'],
  [(text) => text.replace('= Install', '= Bogus'), 'error: hook x/1.hook line 2: invalid value Bogus'],
  [(text) => text.replace('/x', '"/x'), 'error: hook x/1.hook line 8: invalid value "/x'],
  [(text) => `Type = Path\n${text}`, 'error: hook x/1.hook line 1: invalid option Type'],
];

test('a hook with one bad line is void, and said to be', () => {
  const text = hookText({ target: '*' }, '/x');
  assert.deepEqual(parseHook(text, 'x/1.hook').problems, []);
  for (const [change, problem] of BAD) {
    assert.deepEqual(parseHook(change(text), 'x/1.hook'), { hook: undefined, problems: [problem] });
  }
  // No trigger at all is no error: such a hook only masks another.
  assert.deepEqual(parseHook('# nothing\n', 'x/1.hook'), { hook: undefined, problems: [] });
  // Each thing that is missing is told.
  assert.deepEqual(parseHook('[Trigger]\n[Action]\n', 'x').problems, [
    'error: Missing trigger targets in hook: x',
    'error: Missing trigger type in hook: x',
    'error: Missing trigger operation in hook: x',
    'error: Missing Exec option in hook: x',
    'error: Missing When option in hook: x',
  ]);
  // A byte order mark is no white space.
  assert.match(parseHook(`\ufeff${text}`, 'x').problems[0] ?? '', /line 1: invalid option/);
  assert.deepEqual(parseHook(text.replaceAll('\n', '\r\n'), 'x').problems, []);
  const abort = parseHook(`${text}AbortOnFail\n`, 'x/1.hook');
  assert.deepEqual(abort.problems, ['warning: AbortOnFail set for PostTransaction hook: x/1.hook']);
  assert.equal(abort.hook?.name, '1.hook');
});

test('the last definition counts, with a warning', () => {
  const text = hookText({ target: '*' }, '/x', 'When = PreTransaction\nExec = /y z\nDescription = d');
  const { hook, problems } = parseHook(text.replace('Type = Package', 'Type = Path\nType = Package'), 'h');
  assert.deepEqual(
    [hook?.triggers[0]?.type, hook?.when, hook?.command, hook?.description],
    ['Package', 'PreTransaction', ['/y', 'z'], 'd'],
  );
  assert.deepEqual(
    problems,
    [
      [4, 'Type'],
      [10, 'When'],
      [11, 'Exec'],
    ].map(([line, key]) => `warning: hook h line ${line}: overwriting previous definition of ${key}`),
  );
});

test('Exec is split as libalpm splits it', () => {
  assert.deepEqual(splitWords('/bin/sh -c "echo \\"a b\\" c\\\\ d"'), [
    '/bin/sh',
    '-c',
    'echo "a b" c\\\\ d',
  ]);
  assert.deepEqual(splitWords(" a'b c'd \\'e "), ['a' + 'b c' + 'd', "'e"]);
  assert.deepEqual(splitWords(''), []);
  assert.equal(splitWords("'open"), undefined);
});
