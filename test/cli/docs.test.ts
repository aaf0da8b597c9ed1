import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockInPage, generatedBlocks } from './docs-tables.ts';

for (const [name, text] of Object.entries(await generatedBlocks())) {
  test(`docs/${name} is what the code says`, () => {
    assert.equal(blockInPage(name), text, 'write them anew: node test/cli/docs-tables.ts');
  });
}

test('docs/json.md quotes every type to its end', async () => {
  const { 'json.md shapes': shapes = '' } = await generatedBlocks();
  const [, code = ''] = shapes.split(/```(?:ts)?\n/);
  const declarations = code.split(/\n\n(?=\/\*\*|interface |type )/);
  assert.ok(declarations.length > 60, `${declarations.length} types`);
  for (const text of declarations) {
    const bare = text.replace(/\/\*\*[\s\S]*?\*\//g, '').trim();
    const count = (sign: string): number => bare.split(sign).length;
    assert.match(bare, /^(?:interface \w+[\s\S]*\n\}|type \w+[\s\S]*;)$/, text);
    assert.deepEqual([count('{'), bare.includes('/*')], [count('}'), false], text);
  }
});
