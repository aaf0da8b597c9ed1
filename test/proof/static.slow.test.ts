// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell scripts
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { applyKnownScript } from '../../src/distros/alpine/known-script.ts';
import { workFolder } from '../fidelity/check.ts';
import { NO_ALPINE, realAlpine } from './compose-cli.ts';
import { realApkAdd } from './real-apk.ts';
import { linesOf, rootOfFolder, runReally } from './script-lab.ts';

interface Script {
  readonly text: string;
  readonly args: readonly string[];
}

interface Case extends Script {
  /** `known`, or a part of the reason why not */
  readonly expect: string;
}

/** Whether the real run ends and leaves what was said; '' when it does. */
function compareWithReal(folder: string, { text, args }: Script): string {
  const since = Math.floor(Date.now() / 1000);
  const script = `#!/bin/sh\n${text}\n`;
  const root = rootOfFolder(folder, since);
  const before = linesOf(root.tree, since);
  const content = Buffer.from(script).toString('base64');
  const installed = { facts: { name: 'x', version: '1', scripts: [{ name: 'post-install', content }] } };
  const why = applyKnownScript({ installed, script: 'post-install', args, time: since } as never, root);
  if (why !== undefined)
    assert.deepEqual(linesOf(root.tree, since), before, `${text}\nleft, but changed the root`);
  const ended = /^ends with (\d+)$/.exec(why ?? '')?.[1];
  if (why !== undefined && ended === undefined) return why;
  const real = runReally(folder, { text: script, args, shell: '/bin/sh' });
  assert.equal(real.status, Number(ended ?? 0), `exit status of\n${text}`);
  if (ended === undefined) {
    const [ours, theirs] = [new Set(linesOf(root.tree, since)), new Set(linesOf(real.tree, since))];
    const only = [...ours].filter((line) => !theirs.has(line)).map((line) => `ours ${line}`);
    const missing = [...theirs].filter((line) => !ours.has(line)).map((line) => `real ${line}`);
    assert.deepEqual([...only, ...missing], [], `what is left by\n${text}`);
  }
  return why ?? '';
}

async function alpineRoot(t: TestContext, packages: readonly string[]): Promise<string | undefined> {
  const alpine = realAlpine();
  if (alpine === undefined) {
    t.skip(NO_ALPINE);
    return undefined;
  }
  const folder = workFolder();
  t.after(() => rmSync(folder, { recursive: true }));
  const root = realApkAdd({ ...alpine, packages }, join(folder, 'apk'), []);
  if (root === undefined) t.skip('skipped: real apk needs root on Linux, x86_64');
  return root;
}

/** Blocks of test/proof/script-cases.txt. */
function readCases(): readonly Case[] {
  const text = readFileSync(join(import.meta.dirname, 'script-cases.txt'), 'utf8');
  return text
    .split(/^== /m)
    .slice(1)
    .map((block) => {
      const [head = '', ...lines] = block.split('\n');
      const args = [...head.matchAll(/\[([^\]]*)\]/g)].map(([, arg = '']) => arg);
      const expect = head.replace(/ \[.*/, '');
      return { text: lines.join('\n').trimEnd(), expect, args: args.length > 0 ? args : ['1.0-r0'] };
    });
}

test('what is known of a script is what busybox does', async (t) => {
  const root = await alpineRoot(t, ['alpine-baselayout', 'busybox-suid']);
  if (root === undefined) return;
  const cases = readCases();
  assert.ok(cases.length > 80);
  for (const { expect, ...script } of cases) {
    const why = compareWithReal(root, script);
    if (expect === 'known') assert.equal(why, '', script.text);
    else assert.ok(why.includes(expect), `${script.text}\n${why}`);
  }
});

const word = fc.constantFrom(
  'a',
  '"$a"',
  '"b c"',
  "'$x'",
  '$a',
  'x$a',
  '"${a%c*}"',
  '$1',
  '"$@"',
  '$#',
  '${1#1.}',
  '""',
  '$?',
  '$(echo z)',
  '"$(cat /out 2>/dev/null)"',
);
const path = fc.constantFrom(
  '/out',
  '/d',
  '/d/e',
  '/etc/motd',
  'etc/shadow',
  '/var/run/p',
  '/l',
  '/l/m',
  '/etc',
  '/d/..',
  'out/',
  './w',
  'w',
  '/l/',
  '//d//e/',
);
const simple = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('echo', 'echo -n', "printf '%s\\n'"),
      word,
      fc.constantFrom('', '> /out', '>> /out', '>> /d/e', '> /bin/sh', '>/dev/null 2>&1', '>&2'),
    )
    .map((words) => words.join(' ')),
  fc
    .tuple(
      fc.constantFrom(
        'mkdir',
        'mkdir -p',
        'touch',
        'rm -f',
        'rm',
        'chmod 640',
        'chmod +x',
        'chmod g+s',
        'chown games',
        'chown :wheel',
        'ln -s x',
        'ln -sf /d',
        'ln -sfn y',
        '[ -e',
        '[ -d',
        '[ -L',
        '[ ! -f',
        'readlink',
        'readlink -f',
        'cat',
      ),
      path,
    )
    .map(([command, at]) => `${command} ${at}${command.startsWith('[') ? ' ]' : ''}`),
  fc
    .tuple(fc.constantFrom('a', 'b'), word)
    .map(([name, value]) => `${name}=${value === '"$@"' ? '1' : value}`),
  fc.constantFrom(
    'addgroup -S g',
    'addgroup g',
    'adduser -S -D -h /d u',
    'adduser -S -D -H -G g u',
    'adduser -SDu 400 w',
    'addgroup u g',
    'f',
    'f x "y z"',
    'true',
    'false',
    ':',
    'exit 0',
    'exit 4',
    'return',
    'shift',
    'nope',
    'cat /out >> /out',
    'cat /etc/motd /out > /l',
    'readlink -f ./w > /w',
  ),
);
const { script: scripts } = fc.letrec<{ script: string; command: string }>((tie) => ({
  script: fc
    .array(fc.tuple(tie('command'), fc.constantFrom('\n', '; ', ' && ', ' || ')), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) =>
      parts.map(([command, joint], at) => `${command}${at === parts.length - 1 ? '\n' : joint}`).join(''),
    ),
  command: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    simple,
    simple,
    tie('script').map((body) => `{ ${body} }`),
    fc.tuple(tie('script'), tie('script')).map(([condition, body]) => `if ${condition} then ${body} fi`),
    fc
      .tuple(word, tie('script'))
      .map(
        ([subject, body]) => `case ${subject === '"$@"' ? 'a' : subject} in a*|"b c") ${body} ;; *) :;; esac`,
      ),
    fc.tuple(word, tie('script')).map(([list, body]) => `for b in ${list} q; do ${body} done`),
    fc.tuple(tie('script')).map(([body]) => `f() { ${body} }`),
    tie('command').map((command) => `! ${command.startsWith('!') ? 'true' : command}`),
  ),
}));

test('what is known of a random script is what busybox does', async (t) => {
  const root = await alpineRoot(t, ['alpine-baselayout', 'busybox-suid']);
  if (root === undefined) return;
  let known = 0;
  fc.assert(
    fc.property(scripts, (text) => {
      const why = compareWithReal(root, { text: `a=abc\n${text}`, args: ['1.2', 'x'] });
      if (why === '' || why.startsWith('ends with')) known += 1;
    }),
    { numRuns: 60, seed: Number(process.env.FUZZ_SEED ?? 4) },
  );
  assert.ok(known > 20, `only ${known} of 60 were known`);
});
