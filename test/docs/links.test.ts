import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { test } from 'node:test';

/** Every page of the project: its links and the paths that it names lead somewhere. */

const ROOT = resolve(import.meta.dirname, '../..');
/** Folders of the project whose files are named in prose, `src/app/context.ts`; globs and placeholders are not paths. */
const PATH = /(?<![\w./-])(?:src|test|docs|bench|recipes|\.ci)\/[\w./-]*[\w/]/g;

interface Page {
  /** Below the root */
  readonly path: string;
  readonly text: string;
}

function pages(): readonly Page[] {
  const found = globSync(['*.md', '{docs,bench,test,src}/**/*.md', '.github/**/*.md'], { cwd: ROOT });
  return found.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Anchors of a page's headings as GitHub makes them. */
function anchors(text: string): ReadonlySet<string> {
  const headings = text.replace(/^```[\s\S]*?^```/gm, '').match(/^#+ .*$/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function brokenLinks({ path, text }: Page): readonly string[] {
  const broken: string[] = [];
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(ROOT, linked))) broken.push(`${path}: ${target}`);
    else if (anchor !== undefined && !anchors(readFileSync(join(ROOT, linked), 'utf8')).has(anchor))
      broken.push(`${path}: ${target}: no such heading`);
  }
  return broken;
}

function missingPaths({ path, text }: Page): readonly string[] {
  const named = [...text.matchAll(PATH)]
    // `src/distros/*/base.ts`, `known-*.ts`, `NAME.ts`, `test/x.test.ts`: forms, not files
    .filter(
      ({ 0: name, index }) =>
        !/^-?[*<{…]/.test(text.slice(index + name.length)) && !/\b(?:x|NAME)\b/.test(name),
    )
    .map(([name]) => name);
  return [...new Set(named)]
    .filter((name) => !existsSync(join(ROOT, name)))
    .map((name) => `${path}: ${name}`);
}

test('links between pages lead to a page and a heading', () => {
  assert.ok(pages().length > 10);
  assert.deepEqual(pages().flatMap(brokenLinks), []);
});

test('paths that pages name exist', () => {
  assert.deepEqual(pages().flatMap(missingPaths), []);
});

test('both see what is broken', () => {
  const page = (text: string): Page => ({ path: 'README.md', text });
  assert.deepEqual(brokenLinks(page('[a](docs/none.md) [b](docs/cli.md#none) [c](#none) [d](https://x/y)')), [
    'README.md: docs/none.md',
    'README.md: docs/cli.md#none: no such heading',
    'README.md: #none: no such heading',
  ]);
  assert.deepEqual(missingPaths(page('see src/none.ts, src/main.ts and `src/distros/*/base.ts`')), [
    'README.md: src/none.ts',
  ]);
});
