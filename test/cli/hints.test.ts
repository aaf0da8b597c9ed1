import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '../../src');

/** The beginnings of literals after `hint:`, also of a ternary. */
function hintsOf(text: string): readonly string[] {
  const values = text
    .replace(/\$\{[^{}]*\}/g, '$0')
    .matchAll(/\bhint:\s*((?:[^'"`,;{}()]*\?\s*)?['"`][^\n]*)/g);
  return [...values].flatMap(([, value]) =>
    [...value!.matchAll(/(?:^|[?:] )['"`]([^'"`]* [^'"`]*)/g)].map(([, hint]) => hint!),
  );
}

test('hints are sentences: they begin with a capital letter, a placeholder or the name of this program', () => {
  const problems: string[] = [];
  let found = 0;
  for (const path of globSync('**/*.ts', { cwd: SRC })) {
    for (const hint of hintsOf(readFileSync(join(SRC, path), 'utf8'))) {
      found += 1;
      if (!/^(\p{Lu}|\$0|compose )/u.test(hint)) problems.push(`${path}: ${hint}`);
    }
  }
  assert.ok(found > 120, `${found} hints`);
  assert.deepEqual(problems, []);
  assert.deepEqual(hintsOf("hint: near === undefined ? 'see x' : 'Did you'"), ['see x', 'Did you']);
});
