import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RootDraft } from '../../../../src/distros/shared/root-draft.ts';
import { FILE_COMMANDS } from '../../../../src/distros/shared/shell/commands.ts';
import { runShell } from '../../../../src/distros/shared/shell/run.ts';
import { Undecided } from '../../../../src/distros/shared/shell/undecided.ts';
import { rootWith } from '../../../fixtures/script-root.ts';

const README = new URL('../../../../src/distros/shared/shell/README.md', import.meta.url);
const FILES = {
  'bin/tool': 'x ',
  'etc/shells': '/bin/sh\n',
  'etc/passwd': 'a:x:1:2:::\n',
  'etc/group': 'a:x:2:\n',
  'dev/': '',
  'proc/': '',
};

/** The examples of a section's table: code spans of the second column. */
function examplesOf(section: string): string[] {
  const text = readFileSync(README, 'utf8').split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = text.match(/^\| (?!construct).*$/gm) ?? [];
  return rows.flatMap((row) => {
    const [, , examples = ''] = row.split(/(?<!\\)\|/);
    return Array.from(examples.matchAll(/``\s?(.+?)\s?``|`([^`]+)`/g), ([, double, single]) =>
      (double ?? single ?? '').replaceAll('\\|', '|').replaceAll('⏎', '\n'),
    );
  });
}

/** Undefined: decided. */
function whyUndecided(example: string): string | undefined {
  const isBash = example.startsWith('bash: ');
  try {
    runShell(isBash ? example.slice('bash: '.length) : example, ['1.0', 'b c'], {
      dialect: isBash ? 'bash' : 'sh',
      root: new RootDraft(rootWith(FILES)),
      path: ['bin'],
      builtins: FILE_COMMANDS,
      program: () => undefined,
    });
    return undefined;
  } catch (error) {
    if (error instanceof Undecided) return error.message;
    throw error;
  }
}

test('every construct that the subset’s page calls decided is', () => {
  const examples = examplesOf('Decided');
  assert.ok(examples.length > 40, `${examples.length}`);
  for (const example of examples) assert.equal(whyUndecided(example), undefined, example);
});

test('every construct that the subset’s page calls undecided is', () => {
  const examples = examplesOf('Undecided');
  assert.ok(examples.length > 40, `${examples.length}`);
  for (const example of examples) assert.notEqual(whyUndecided(example), undefined, example);
});

test('the subset’s page names every command that is known', () => {
  const text = readFileSync(README, 'utf8');
  for (const name of FILE_COMMANDS.keys()) if (name !== ':') assert.ok(text.includes(name), name);
});
