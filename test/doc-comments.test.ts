import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

/**
 * Every exported function has a doc comment, and one that can be read by itself: it starts with a verb (“Reads…”, “Returns…”)
 * or a noun, never in the middle of a thought (“Of the manifest”, “As readBlob, but…”, “What is left”).
 */

const SRC = resolve(import.meta.dirname, '../src');
/** Words that make a fragment or a clause of the sentence that they begin. */
const FRAGMENT =
  /^(?:of|as|at|by|for|from|in|on|to|with|without|under|up|after|before|until|unless|like|unlike|what|where|when|which|who|whom|whose|whoever|whatever|how|why|if|so|that|this|these|those|it|they|its|else|here|there|also|only|not|no|neither|undefined|null|true|false|empty|else|same)$/i;

interface ExportedFunction {
  readonly place: string;
  readonly name: string;
  /** Without the comment's marks; empty: it has none */
  readonly doc: string;
}

function exportedFunctions(path: string, text: string): readonly ExportedFunction[] {
  const lines = text.split('\n');
  const found: ExportedFunction[] = [];
  lines.forEach((line, index) => {
    const name = /^export (?:async )?function\*? (\w+)|^export const (\w+) = (?:async )?(?:<[^>]*>)?\(/.exec(
      line,
    );
    if (name === null) return;
    // Of an overloaded function, the first signature has the comment.
    if (found.some((other) => other.name === (name[1] ?? name[2]))) return;
    let doc = '';
    if (lines[index - 1]?.trim().endsWith('*/')) {
      let first = index - 1;
      while (first > 0 && !lines[first]?.includes('/**')) first -= 1;
      const comment = lines.slice(first, index).join(' ');
      doc = comment.replace(/\/\*\*|\*\/|\s\*(?=\s)/g, ' ').trim();
    }
    found.push({ place: `${path}:${index + 1}`, name: (name[1] ?? name[2]) as string, doc });
  });
  return found;
}

function problems(path: string, text: string): readonly string[] {
  return exportedFunctions(path, text).flatMap(({ place, name, doc }) => {
    if (doc === '') return [`${place}: ${name}: no doc comment`];
    const first = doc.replace(/^[`"“(]+/, '').split(/[\s,:;.'’]/, 1)[0] ?? '';
    return FRAGMENT.test(first) || first.startsWith('@') ? [`${place}: ${name}: “${doc.slice(0, 50)}…”`] : [];
  });
}

test('exported functions have doc comments that start with a verb or a noun', () => {
  const paths = globSync('**/*.ts', { cwd: SRC }).sort();
  assert.ok(paths.length > 100);
  assert.deepEqual(
    paths.flatMap((path) => problems(path, readFileSync(join(SRC, path), 'utf8'))),
    [],
  );
});

test('the rule sees what breaks it', () => {
  const broken = (doc: string) => problems('a.ts', `${doc}export function f(): void {}\n`).length;
  assert.equal(broken(''), 1);
  assert.equal(broken('/** Of the manifest. */\n'), 1);
  assert.equal(broken('/**\n * What is left.\n */\n'), 1);
  assert.equal(broken('/** @throws AppError USAGE */\n'), 1);
  assert.equal(broken('/** Reads a manifest. */\n'), 0);
  assert.equal(broken('/** Digest of the manifest. */\n'), 0);
  assert.equal(problems('a.ts', 'export const f = (x: number): number => x;\n').length, 1);
});
