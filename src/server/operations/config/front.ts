import * as read from '../../../app/settings/setting-values.ts';
import { parseNetwork } from '../proxies.ts';
import { mapped, oneOf, PATH, section, type Word, word } from './kinds.ts';

/** `true` or `false`. */
export const YES_NO: Word<boolean> = word(read.yesNo, { type: 'boolean' });

/** A whole number. */
export function integer(from: number, to: number): Word<number> {
  const schema = { type: 'integer', minimum: from, maximum: to };
  return word((texts, where) => read.integer({ from, to }, texts, where), schema);
}

/** `10.0.0.0/8`, or an address. */
export const NETWORK = word(
  (texts, where) => {
    const [got = ''] = texts;
    const expected = 'an address or a network such as 10.0.0.0/8';
    return parseNetwork(got) ?? read.refuse({ where, expected, got });
  },
  { type: 'string', pattern: '^[0-9a-fA-F:.]+(/[0-9]{1,3})?$' },
);

const CERTIFICATES = ['required', 'optional'] as const;

/** Certificates and keys. */
export const TLS = section({
  cert: {
    kind: PATH,
    describe: 'Certificate of the server (PEM), with those between it and its authority',
    required: true,
  },
  key: { kind: PATH, describe: 'Private key of the certificate (PEM)', required: true },
  'client-ca': {
    kind: PATH,
    describe: 'Authority of client certificates (PEM); the CN of a certificate is the user, each O a group',
  },
  'client-certificates': {
    kind: oneOf(CERTIFICATES, (texts, where) => read.choice(CERTIFICATES, texts, where)),
    describe: 'Whether a client has to have a certificate, with client-ca; default: required',
  },
});

const MAX = 1_000_000;

const RATE = mapped(
  section({
    'per-minute': { kind: integer(1, MAX), describe: 'How often, in the long run', required: true },
    burst: { kind: integer(1, MAX), describe: 'How often at once; default: as many as per minute' },
  }),
  ({ perMinute, burst = perMinute }) => ({ perSecond: perMinute / 60, burst }),
);

/** Limits of each client: who has signed in, else an address. */
export const LIMITS = section({
  requests: { kind: RATE, describe: 'Requests' },
  composing: { kind: RATE, describe: 'Images that have to be composed' },
  concurrent: { kind: integer(1, MAX), describe: 'Requests at the same time' },
});

/** `stderr`, or a file. */
export const LOG = {
  schema: PATH.schema,
  read: (...[reading, node, key]: Parameters<typeof PATH.read>) => {
    const text = WORD.read(reading, node, key);
    return text === 'stderr' ? text : PATH.read(reading, node, key);
  },
};

const WORD = word(read.word);
