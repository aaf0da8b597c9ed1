import * as read from '../../../app/settings/setting-values.ts';
import { ACTIONS } from '../../../model/action.ts';
import { parsePattern, parseWho, type Rule } from '../../access/rules.ts';
import { list, mapped, named, oneOf, PATH, section, word } from './kinds.ts';

const TEXT = word(read.word, { type: 'string', minLength: 1 });
const ACTION = oneOf(ACTIONS, (texts, where) => read.choice(ACTIONS, texts, where));

const WHO = word(
  (texts, where) => {
    const [got = ''] = texts;
    return (
      parseWho(got) ??
      read.refuse({
        where,
        expected: 'anyone, signed-in, user:NAME, group:NAME or claim:NAME=VALUE',
        got,
      })
    );
  },
  { type: 'string', pattern: '^(anyone|signed-in|user:.+|group:.+|claim:[^=]+=.*)$' },
);

const PATTERN = word(
  (texts, where) => {
    const [got = ''] = texts;
    if (/^\/?[^\s/]+(\/[^\s/]+)*$|^\/$/.test(got)) return parsePattern(got);
    return read.refuse({ where, expected: 'the name of a repository, or a path, with * and **', got });
  },
  { type: 'string', pattern: '^/?[^\\s/]+(/[^\\s/]+)*$|^/$' },
);

/** A URL that the server itself fetches from, or that clients are told. */
export const HTTP_URL = word(
  (texts, where) => {
    const [got = ''] = texts;
    const isUrl = URL.canParse(got) && /^https?:\/\//.test(got) && !/[\s"\\]/.test(got);
    return isUrl ? got : read.refuse({ where, expected: 'an http:// or https:// URL', got });
  },
  { type: 'string', pattern: '^https?://[^\\s"\\\\]+$' },
);

const RULE = mapped(
  section({
    who: {
      kind: list(WHO),
      describe: 'anyone, signed-in, user:NAME, group:NAME, claim:NAME=VALUE; default: anyone',
    },
    repositories: {
      kind: list(PATTERN),
      describe: 'Names of repositories, or paths (/mirror/**), with * and **; default: **',
    },
    allow: { kind: list(ACTION), describe: 'What they may do' },
    deny: { kind: list(ACTION), describe: 'What they may not do' },
  }),
  ({ who, repositories, allow = [], deny = [] }, where): Rule => {
    const twice = allow.find((action) => deny.includes(action));
    if (twice !== undefined) read.refuse({ where, expected: 'each action once', got: twice });
    return {
      who: who ?? [{ kind: 'anyone' }],
      resources: repositories ?? [parsePattern('**')],
      allow,
      deny,
    };
  },
);

const TOKENS = section(
  {
    issuer: { kind: list(TEXT), describe: 'Issuers (iss) whose tokens count', required: true },
    audience: { kind: list(TEXT), describe: 'Names of this server in tokens (aud)', required: true },
    jwks: { kind: PATH, describe: 'File with the public keys of the issuer (JWKS, RFC 7517)' },
    'jwks-url': { kind: HTTP_URL, describe: 'Address of the public keys of the issuer' },
    leeway: {
      kind: word((t, w) => read.integer({ from: 0, to: 600 }, t, w), {
        type: 'integer',
        minimum: 0,
        maximum: 600,
      }),
      describe: 'Seconds by which clocks may differ; default: 30',
    },
    'user-claim': { kind: TEXT, describe: "Claim that has the user's name; default: sub" },
    'groups-claim': { kind: TEXT, describe: "Claim that has the user's groups; default: groups" },
    realm: { kind: HTTP_URL, describe: 'Where clients fetch tokens; default: /token of this server' },
    service: { kind: TEXT, describe: "Name of this server at the realm; default: its host's" },
  },
  {
    oneOf: ['jwks', 'jwks-url'].map((key) => ({ properties: { [key]: true }, required: [key] })),
  },
);

/** Who may do what. */
export const ACCESS = section({
  htpasswd: { kind: PATH, describe: 'File of users with bcrypt hashes (htpasswd -B)' },
  tokens: {
    kind: mapped(TOKENS, (tokens, where) => {
      if ((tokens.jwks === undefined) !== (tokens.jwksUrl === undefined)) return tokens;
      return read.refuse({ where, expected: 'either jwks or jwks-url', got: undefined });
    }),
    describe: 'Bearer tokens (JWT) of an issuer',
  },
  groups: { kind: named(list(TEXT)), describe: 'Users by group' },
  anonymous: {
    kind: list(ACTION),
    describe: 'What clients may do that have not signed in; default: nothing',
  },
  rules: {
    kind: list(RULE),
    describe:
      'The first rule that is about the client, the repository and the action decides, at last `anonymous`; default: who has signed in may do everything',
  },
  'token-key': {
    kind: PATH,
    describe:
      'Secret of the tokens that /token gives out, 32 bytes or more, the same for all servers behind one address',
  },
});
