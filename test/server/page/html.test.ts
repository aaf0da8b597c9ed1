import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { html, webAddress } from '../../../src/server/page/html.ts';

test('values are escaped, markup is not, absent values leave nothing', () => {
  const text = `<b a="1" c='2'>&amp;`;
  assert.equal(html`<i title="${text}">${text}</i>`.text.match(/[<>]/g)?.length, 4);
  assert.equal(html`${html`<b>${1}</b>`}${[html`x`, 'y<']}${undefined}${false}`.text, '<b>1</b>xy&#60;');
});

test('no text can leave its place', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>"\'&;#3a \n\u202e\u2066\0') }), (text) => {
      const { text: made } = html`${text}`;
      assert.doesNotMatch(made, /[<>"'\u202a-\u202e\u2066-\u2069\u0000-\u0008]|&(?!#\d+;)/);
    }),
  );
});

test('marks that turn text around become visible', () => {
  assert.equal(html`${'a\u202eb'}`.text, 'a\\u202eb');
});

test('only addresses of the web become links', () => {
  assert.equal(webAddress('https://a.example/'), 'https://a.example/');
  for (const text of ['javascript:alert(1)', 'data:text/html,x', ' https://a', '//a', 'https:// a', ''])
    assert.equal(webAddress(text), undefined, text);
});
