// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell scripts
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RootDraft } from '../../../../src/distros/shared/root-draft.ts';
import { FILE_COMMANDS, SHELL_BUILTINS } from '../../../../src/distros/shared/shell/commands.ts';
import type { ShellDialect } from '../../../../src/distros/shared/shell/lexer.ts';
import { runShell } from '../../../../src/distros/shared/shell/run.ts';
import { Undecided } from '../../../../src/distros/shared/shell/undecided.ts';
import { rootWith, snapshot, textOf } from '../../../fixtures/script-root.ts';

const FILES = {
  'bin/tool': 'x ',
  'etc/shells': '/bin/sh\n',
  'etc/passwd': 'a:x:1:2:::\n',
  'etc/group': 'a:x:2:\n',
};

/** The exit status, or why not. */
function run(text: string, dialect: ShellDialect = 'sh', root = rootWith(FILES)): number | string {
  const draft = new RootDraft(root);
  try {
    const status = runShell(text, ['1.0', 'b c'], {
      dialect,
      root: draft,
      path: ['bin'],
      builtins: new Map([...SHELL_BUILTINS, ...FILE_COMMANDS]),
      program: () => undefined,
    });
    draft.commit();
    return status;
  } catch (error) {
    if (error instanceof Undecided) return error.message;
    throw error;
  }
}

/** What the script prints. */
function printed(text: string, dialect: ShellDialect = 'sh'): string {
  const root = rootWith(FILES);
  assert.equal(run(`x=$(${text})\necho "$x" > /out`, dialect, root), 0, text);
  return textOf(root, 'out') ?? '';
}

test('words expand as the standard says', () => {
  assert.equal(printed('a=1; echo $a\'$a\'"$a"\\$a ${a}b "${2#b}" ${3:-d} $#'), '1$a1$a 1b  c d 2\n');
  assert.equal(printed('f() { echo "$1" $#; }; f "$@"; f; f ""'), '1.0 2\n 0\n 1\n');
  assert.equal(
    printed('v=/lib/modules/6.1/kernel; echo ${v#/lib/} ${v##*/} ${v%/*} ${v%%/*}-'),
    'modules/6.1/kernel kernel /lib/modules/6.1 -\n',
  );
  assert.equal(printed('x="$(echo "a $(echo "b c")")"; echo "$x"'), 'a b c\n');
});

test('a function that is never called may hold what is not understood', () => {
  const functions = [
    'f() { (( "$(vercmp $2 1.0)" < 0 )) && echo; }',
    'f() { [[ -d run/systemd && ! -L x ]]; }',
    'f() { local v a=(1 "2 3"\n 4); for v in "${a[@]}"; do "_${v//[.-]/_}_x"; done; }',
    'f() { x=`date`; cat <<EOF | tr a b\n`x` $((1 + (2))) ${x^^}\nEOF\n}',
    'f() { while read -r a; do echo "$a"; done < /etc/x; ( cd / && ls ) & }',
  ];
  for (const definition of functions) {
    assert.equal(run(`${definition}\ntrue`, 'bash'), 0, definition);
    assert.equal(typeof run(`${definition}\nf`, 'bash'), 'string', definition);
  }
});

test('a script that is not understood is left whole', () => {
  const root = rootWith(FILES);
  const before = snapshot(root);
  const scripts = [
    'echo x > /made; unknown-builtin=$(eval y)',
    'echo x > /made; tool',
    'touch /made; echo *',
    'touch /made; a=b touch /x',
    'touch /made; echo $HOME',
    'touch /made; set -e',
    'touch /made; echo {a,b}',
    'touch /made; echo x | cat',
    'touch /made; f() {',
    'touch /made; if true',
    'touch /made; echo "',
    "touch /made; echo 'x",
    'touch /made; cat <<EOF\nx',
    'touch /made; x=$(',
    'touch /made; )',
    'touch /made; 12>/x echo',
    'touch /made; { true; } touch /x',
    'touch /made; echo ~',
    'touch /made; . /etc/profile',
    'touch /made\0',
    'touch /made; f() { f; }; f',
    'touch /made; IFS=x',
    'touch /made; echo a > /b > /c; return 1',
    'touch /made; $(touch x)',
  ];
  for (const script of scripts) {
    assert.equal(typeof run(script, 'bash', root), 'string', script);
    assert.equal(snapshot(root), before, script);
  }
});

test('hostile scripts end', () => {
  const nested = (open: string, close: string, count: number) => open.repeat(count) + close.repeat(count);
  const scripts = [
    'x'.repeat(1 << 20),
    nested('{ ', '}', 20_000),
    nested('$(', ')', 20_000),
    nested('(', ')', 20_000),
    nested('"${a:-', '}"', 9_000),
    nested('if true; then ', 'fi;', 3_000),
    nested('((', '))', 9_000),
    `${'! '.repeat(9_000)}true`,
    `a=${'x'.repeat(60_000)}; for i in ${'a '.repeat(3_000)}; do b=$a$a$a$a; done`,
    'f() { f "$1$1"; f; }; f x',
    `a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; case $a in ${'*a'.repeat(9_000)}b) ;; esac`,
    `${'f() { '.repeat(50)}true;${'}; f;'.repeat(50)}`,
    `x=a; ${'x=$x$x; '.repeat(60)}`,
    'mkdir -p '.concat('a/'.repeat(3_000)),
    '`'.repeat(60_001),
    '\\\n'.repeat(30_000),
    `cat <<A ${'<<A '.repeat(5_000)}\n`,
  ];
  for (const script of scripts) for (const dialect of ['sh', 'bash'] as const) run(script, dialect);
});

const FRAGMENTS = [
  'if ',
  'then ',
  'fi',
  'for i in ',
  'do ',
  'done',
  'case ',
  ' in ',
  'esac',
  ';;',
  '{ ',
  '}',
  '(',
  ')',
  '((',
  '))',
  '[[ ',
  ' ]]',
  '[ ',
  ' ]',
  '"',
  "'",
  '`',
  '\\',
  '\n',
  ';',
  '&&',
  '||',
  '&',
  '|',
  '$',
  '$(',
  '${',
  '}',
  '$((',
  '<<E',
  '\nE\n',
  '<<-',
  '>',
  '>>',
  '2>&1',
  '/dev/null',
  '#',
  'a',
  'a=',
  '$a',
  '${a#',
  '"$@"',
  'echo ',
  'mkdir -p ',
  'rm -f ',
  'ln -sf x ',
  'chmod 7777 ',
  'chown a:a ',
  '/etc/passwd',
  '/',
  '..',
  'f()',
  'f',
  'exit 3',
  'return',
  'local a=',
  'exec ',
  '*',
  '~',
  '\t',
  '\u00e9',
  '\udc80',
  '0',
  '-n',
  '!',
  ' ',
];

test('any text is decided or left: never another error, never a change without a decision', () => {
  const text = fc.oneof(
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(text, fc.constantFrom<ShellDialect>('sh', 'bash'), (script, dialect) => {
      const root = rootWith(FILES);
      const before = snapshot(root);
      const result = run(script, dialect, root);
      if (typeof result === 'string') assert.equal(snapshot(root), before);
      else assert.ok(result >= 0 && result < 256);
    }),
    { numRuns: 2000 },
  );
});

test('output into a file keeps its owner and mode, appended where it is asked for', () => {
  const root = rootWith(FILES);
  root.change('etc/shells', { mode: 0o640, gid: 7 });
  assert.equal(run("grep -qe '^/bin/fish$' etc/shells || echo '/bin/fish' >> etc/shells", 'bash', root), 0);
  assert.equal(run("grep -qe '^/bin/fish$' etc/shells || echo '/bin/fish' >> etc/shells", 'bash', root), 0);
  assert.equal(textOf(root, 'etc/shells'), '/bin/sh\n/bin/fish\n');
  const { mode, gid } = root.stat('etc/shells') ?? {};
  assert.deepEqual([mode, gid], [0o640, 7]);
});

test('a content that the facts do not keep is not read', () => {
  const root = rootWith(FILES);
  const inode = root.tree.get('etc/shells');
  assert.ok(inode !== undefined);
  root.tree.set('etc/shells', { ...inode, content: undefined });
  assert.match(String(run('grep -q x etc/shells', 'sh', root)), /not kept/);
  assert.match(String(run('echo x >> etc/shells', 'sh', root)), /not kept/);
  assert.equal(run('cat etc/shells; [ -s etc/shells ]', 'sh', root), 0);
});
