import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockInPage, generatedBlocks } from './docs-tables.ts';

for (const [name, text] of Object.entries(await generatedBlocks())) {
  test(`docs/${name} is what the code says`, () => {
    assert.equal(blockInPage(name), text, 'write them anew: node test/cli/docs-tables.ts');
  });
}
