import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/model/digest.ts';
import { openCatalog } from './fixtures.ts';

test('the chunks of the last time replace those of the time before', (t) => {
  const { catalog } = openCatalog(t);
  const chunk = (text: string) => ({ digest: digestOf(text), size: text.length });
  const replace = (...texts: string[]) =>
    catalog.transaction(() =>
      catalog.publishedChunks().replace(new Map(texts.map((text) => [`1 ${text}`, chunk(text)]))),
    );
  assert.equal(catalog.publishedChunks().all().size, 0);
  replace('a', 'b');
  replace('b', 'c');
  assert.deepEqual(
    [...catalog.publishedChunks().all()],
    [
      ['1 b', chunk('b')],
      ['1 c', chunk('c')],
    ],
  );
});
