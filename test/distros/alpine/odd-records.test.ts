import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alpine } from '../../../src/distros/alpine/distro.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { whyUnusable } from '../../../src/model/unusable.ts';
import { memorySource } from './memory-source.ts';
import { parseIndexText } from './parse-index.ts';

const record = (name: string): string =>
  `C:Q1${Buffer.from(name.padEnd(20, 'x')).toString('base64')}\nP:${name}\nV:1-r0\nA:x86_64\nS:511\nI:2\nT:The package\nU:https://x/\nL:MIT\no:${name}\nt:1700000000\n`;
const GOOD = record('good');
const ODD = record('odd');
const set = (letter: string, value: string): string =>
  ODD.replace(new RegExp(`^${letter}:.*$`, 'm'), () => `${letter}:${value}`);
const add = (...lines: readonly string[]): string => `${ODD}${lines.join('\n')}\n`;
const without = (letter: string): string => ODD.replace(new RegExp(`^${letter}:.*\n`, 'm'), '');

/** What apk 2.14.0 and 3.0.6 do with an index of such a record and a good one, asked for the good one: both install it. */
const UNUSABLE: Readonly<Record<string, readonly [text: string, why: RegExp]>> = {
  'S: text': [set('S', 'abc'), /line 5: expected a whole number as S:, got "abc"/],
  'S: negative': [set('S', '-5'), /as S:, got "-5"/],
  'S: too large': [set('S', '99999999999999999999999'), /as S:/],
  'S: with a unit': [set('S', '2k'), /got "2k"/],
  'S: with a blank': [set('S', ' 2'), /got " 2"/],
  'S: empty': [set('S', ''), /got ""/],
  'S: hexadecimal': [set('S', '0x10'), /got "0x10"/],
  'S: a fraction': [set('S', '2.5'), /got "2.5"/],
  'I: text': [set('I', 'abc'), /line 6: expected a whole number as I:/],
  'I: negative': [set('I', '-1'), /as I:/],
  'I: too large': [set('I', '9007199254740993'), /as I:/],
  'I: exponent': [set('I', '1e3'), /as I:/],
  'I: carriage return': [set('I', '2\r'), /as I:, got "2\\r"/],
  't: text': [set('t', 'today'), /line 11: expected a whole number as t:/],
  't: negative': [set('t', '-86400'), /as t:/],
  't: too large': [set('t', '1e999'), /as t:/],
  'k: text': [add('k:high'), /line 12: expected a whole number as k:/],
  'k: negative': [add('k:-1'), /as k:/],
  'k: empty': [add('k:'), /as k:/],
  'q: text': [add('q:x'), /as q:/],
  'C: twice': [add('C:Q1x'), /line 12: expected one C:, got a second one/],
  'P: twice, the same': [add('P:odd'), /expected one P:/],
  'V: twice, the same': [add('V:1-r0'), /expected one V:/],
  'A: twice': [add('A:noarch'), /expected one A:/],
  'S: twice': [add('S:1'), /expected one S:/],
  'T: twice': [add('T:other'), /expected one T:/],
  'o: twice': [add('o:other'), /expected one o:/],
  'V: with a blank': [set('V', '1 -r0'), /allowed in a file name before it, got "odd-1 -r0"/],
  'V: with a slash': [set('V', '1/2'), /file name/],
  'V: leads out': [set('V', '../1'), /file name/],
  'V: empty': [set('V', ''), /file name/],
  'V: carriage return': [set('V', '1-r0\r'), /file name/],
};

/** A name that nothing can ask for as it stands, but the record is told in `search` and `show`. */
const UNSAFE_NAMES = ['o dd', '../odd', 'a/odd', '.odd', 'o\tdd', 'o\u0001dd', ' odd', 'odd ', 'odd\r', '..'];

/** Both go on and install the odd one as well. */
const USABLE: Readonly<Record<string, string>> = {
  'no S:': without('S'),
  'no T:': without('T'),
  'no U:': without('U'),
  'no L:': without('L'),
  'no o:': without('o'),
  'no t:': without('t'),
  'no I:': without('I'),
  'S: zero': set('S', '0'),
  'empty T:': set('T', ''),
  'empty o:': set('o', ''),
  'empty D:': add('D:'),
  'a line of one character, which ends the record': add('x'),
  'an unknown small letter': add('z:1'),
  'letters of an installed database': add(
    'F:opt',
    'M:0:0:755',
    'R:x',
    'Z:Q1x',
    'a:0:0:644',
    's:tag',
    'f:x',
    'g:tag',
  ),
  'D: twice': add('D:good', 'D:good'),
  'the letters backwards': `${ODD.trim().split('\n').reverse().join('\n')}\n`,
};

/** 2.14.0 and 3.0.6 cannot install anything from such an index. */
const REFUSED: Readonly<Record<string, string>> = {
  'a line without a colon': add('hello'),
  'a colon first': add(':x'),
  'a comment': add('#foo'),
  'two blanks': add('  '),
  'a letter of two bytes': add('ä:1'),
  'a byte-order mark': `\ufeff${ODD}`,
  'no V:': without('V'),
};

function ask(text: string, target: string): ReturnType<typeof alpine.resolver.solve> {
  const source = memorySource([{ tag: null, index: text }]);
  return alpine.resolver.solve({ targets: [target], architecture: 'x86_64' }, source);
}

test('one odd record leaves the repository usable, and says why when it is asked for', () => {
  for (const [kind, [odd, why]] of Object.entries(UNUSABLE)) {
    for (const text of [`${odd}\n${GOOD}\n`, `${GOOD}\n${odd}\n`]) {
      assert.equal(ask(text, 'good').ok, true, kind);
      const answer = ask(text, 'odd');
      assert.ok(!answer.ok, kind);
      assert.equal(answer.problems[0]?.kind, 'uninstallable', kind);
    }
    const answer = ask(`${odd}\n${GOOD}\n`, 'odd');
    assert.match(answer.ok ? '' : (answer.problems[0]?.message ?? ''), why, kind);
    assert.match(answer.ok ? '' : (answer.problems[0]?.message ?? ''), /its index entry is invalid/, kind);
  }
});

test('a name that is no file name is in no repository’s way', () => {
  for (const name of UNSAFE_NAMES) {
    const text = `${set('P', name)}\n${GOOD}\n`;
    assert.equal(ask(text, 'good').ok, true, name);
    const [odd] = parseIndexText(text, 'x');
    assert.match(whyUnusable(odd as never) ?? '', /file name/, name);
    assert.equal(odd?.fileName, '', name);
  }
  assert.deepEqual(
    parseIndexText(`${set('P', '')}\n${without('P')}\n${GOOD}\n`, 'x').map(({ name }) => name),
    ['good'],
  );
});

test('what apk takes in an odd record is taken', () => {
  for (const [kind, odd] of Object.entries(USABLE)) {
    const answer = ask(`${odd}\n${GOOD}\n`, 'odd');
    assert.ok(answer.ok, kind);
    assert.equal(ask(`${odd}\n${GOOD}\n`, 'good').ok, true, kind);
  }
});

test('an index that apk refuses is refused, with the line', () => {
  for (const [kind, odd] of Object.entries(REFUSED)) {
    assert.throws(
      () => parseIndexText(`${odd}\n${GOOD}\n`, 'x'),
      (error) => isAppError(error, 'BAD_INDEX') && /line \d+/.test(error.message),
      kind,
    );
  }
});

test('a package of an unknown capital field, digit or sign needs a newer apk', () => {
  for (const line of ['X:1', '1:1', '!:1']) {
    const answer = ask(`${add(line)}\n${GOOD}\n`, 'odd');
    assert.match(answer.ok ? '' : (answer.problems[0]?.message ?? ''), /newer apk/, line);
  }
});
