import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { nextLink } from '../../src/registry/link.ts';

function read(...headers: string[]): unknown {
  return parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

for (const [header, expected] of [
  ['Basic realm="a"', [['basic', { realm: 'a' }]]],
  [
    'Bearer realm="https://auth.example/token",service="reg.example",scope="repository:a/b:pull,push"',
    [
      [
        'bearer',
        { realm: 'https://auth.example/token', service: 'reg.example', scope: 'repository:a/b:pull,push' },
      ],
    ],
  ],
  [
    'Basic realm="a", Bearer realm="b" , scope="x y"',
    [
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b', scope: 'x y' }],
    ],
  ],
  ['BEARER Realm = "a\\"b\\\\c, Basic"', [['bearer', { realm: 'a"b\\c, Basic' }]]],
  [
    'Bearer realm=https://auth.example/token,service=x',
    [['bearer', { realm: 'https://auth.example/token', service: 'x' }]],
  ],
  [
    'Negotiate, Basic realm=x',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  ['Bearer realm="",realm="second"', [['bearer', { realm: '' }]]],
  ['Bearer realm="never closed', [['bearer', {}]]],
  ['realm="no scheme"', []],
  ['', []],
  [`Bearer realm="${'x'.repeat(20_000)}"`, []],
] as const) {
  test(`challenge ${header.slice(0, 70)}`, () => assert.deepEqual(read(header), expected));
}

test('several headers are read in order', () => {
  assert.deepEqual(read('Basic realm="a"', 'Bearer realm="b"'), [
    ['basic', { realm: 'a' }],
    ['bearer', { realm: 'b' }],
  ]);
});

test('what is quoted is read as it was', () => {
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const text = fc.stringMatching(/^[ -~]{0,30}$/);
  fc.assert(
    fc.property(text, text, (realm, scope) => {
      assert.deepEqual(read(`Bearer realm=${quoted(realm)}, scope=${quoted(scope)}`), [
        ['bearer', { realm, scope }],
      ]);
    }),
  );
});

test('no header takes long to refuse', () => {
  for (const piece of ['a="', '\\', ' ,', 'a ', '<', '<>;', ';a=']) {
    const header = piece.repeat(16_000 / piece.length);
    parseChallenges([header]);
    nextLink([header]);
  }
});

for (const [header, target] of [
  ['</v2/a/tags/list?n=2&last=b>; rel="next"', '/v2/a/tags/list?n=2&last=b'],
  ['<https://reg.example/x>;rel=next', 'https://reg.example/x'],
  ['</prev>; rel="prev", </next>; title="a, b"; rel="next"', '/next'],
  ['</a,b>; rel="start next"', '/a,b'],
  ['</a>; rel="nextish"', undefined],
  ['</a>; rev="next"', undefined],
  ['rel="next"', undefined],
] as const) {
  test(`link ${header}`, () => assert.equal(nextLink([header]), target));
}
