/** A generator that one number decides (mulberry32): the next whole number from 0 to `below` - 1. */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What parsers stumble over: limits of numbers, separators, names with a meaning. */
const WORDS = [
  ...[
    '\0',
    '\n',
    '\r\n',
    ' = ',
    '=',
    ':',
    ' ',
    '\t',
    '/',
    '../',
    './',
    '..',
    '#',
    '%',
    '"',
    "'",
    '\\',
    '{',
    '[',
    '}',
    ']',
  ],
  ...[
    '-1',
    '0',
    '1e999',
    '4294967296',
    '9007199254740993',
    '99999999999999999999999',
    '0x10',
    'NaN',
    'null',
    'true',
  ],
  ...[
    '__proto__',
    'constructor',
    '.PKGINFO',
    '.SIGN.RSA.x',
    '.wh.x',
    '.wh..wh..opq',
    'ustar\0',
    '\ufeff',
    '\u0000\u0001',
    'é',
  ],
  ...[
    '%NAME%\n',
    'P:',
    'V:',
    'C:',
    '<',
    '>=',
    '~',
    '!',
    '@',
    '$(',
    '`',
    '${',
    '&&',
    '|',
    ';',
    '*',
    '?',
    '[!',
    '((',
  ],
].map((word) => Buffer.from(word));

const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Step = (bytes: Buffer, random: Random, samples: readonly Buffer[]) => Buffer;

const STEPS: readonly Step[] = [
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let left = 1 + random(4); left > 0; left -= 1) {
      const at = random(bytes.length);
      changed[at] = (changed[at] as number) ^ (1 << random(8));
    }
    return changed;
  },
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    changed[random(bytes.length)] = random(256);
    return changed;
  },
  (bytes, random) => {
    if (bytes.length < 4) return bytes;
    const changed = Buffer.from(bytes);
    const at = random(bytes.length - 3);
    const number = NUMBERS[random(NUMBERS.length)] as number;
    if (random(2) === 0) changed.writeUInt32LE(number, at);
    else changed.writeUInt32BE(number, at);
    return changed;
  },
  (bytes, random) => replaced(bytes, random(bytes.length + 1), 0, WORDS[random(WORDS.length)] as Buffer),
  (bytes, random) => {
    const word = WORDS[random(WORDS.length)] as Buffer;
    return replaced(bytes, random(bytes.length), word.length, word);
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => replaced(bytes, random(bytes.length), 1 + random(64), Buffer.alloc(0)),
  (bytes, random) => {
    const from = random(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random(600));
    return replaced(bytes, random(bytes.length + 1), 0, piece);
  },
  (bytes, random, samples) => {
    const other = samples[random(samples.length)] as Buffer;
    if (other.length === 0) return bytes;
    const from = random(other.length);
    return replaced(bytes, random(bytes.length), random(64), other.subarray(from, from + 1 + random(600)));
  },
  (bytes, random) =>
    replaced(bytes, random(bytes.length + 1), 0, Buffer.alloc(1 + random(2000), bytes[random(bytes.length)])),
];

function replaced(bytes: Buffer, at: number, length: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}

/** One to five changes of one of the samples. */
export function mutated(samples: readonly Buffer[], random: Random): Buffer {
  let bytes = samples[random(samples.length)] as Buffer;
  for (let left = 1 + random(5); left > 0 && bytes.length > 0; left -= 1) {
    bytes = (STEPS[random(STEPS.length)] as Step)(bytes, random, samples);
  }
  return bytes;
}
