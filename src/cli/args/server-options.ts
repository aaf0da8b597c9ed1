import { choice, listenAddress, refuse, word } from '../../app/settings/setting-values.ts';
import type { AccessOptions } from '../../server/access/options.ts';
import { ACTIONS } from '../../server/access/rules.ts';
import { type OptionValues, toggle, valued } from './option.ts';

/** Options of the server itself; each stands for a key of the configuration. */
export const SERVER_OPTIONS = {
  config: valued(
    {
      placeholder: 'FILE',
      group: 'Server',
      describe: 'Configuration, YAML or JSON (docs/serve.md); options on the command line come first',
    },
    word,
  ),
  'check-config': toggle({ group: 'Server', describe: 'Check the configuration, and do not serve' }),
  'config-schema': toggle({
    group: 'Server',
    describe: 'Print the JSON Schema of configurations, and do not serve',
  }),
  listen: valued(
    {
      placeholder: 'HOST:PORT',
      group: 'Server',
      describe: 'Address to listen on',
      defaultText: '127.0.0.1:5000',
    },
    listenAddress,
  ),
  auth: valued(
    {
      placeholder: 'htpasswd:FILE',
      group: 'Server',
      describe: 'Let in who has a password in FILE (htpasswd -B); tokens and rules: --config',
    },
    (texts, where) => {
      const got = word(texts, where);
      const [, path] = /^htpasswd:(.+)$/s.exec(got) ?? [];
      return path ?? refuse({ where, expected: 'htpasswd:FILE', got });
    },
  ),
  anonymous: valued(
    {
      placeholder: 'ACTION',
      group: 'Server',
      describe: 'What clients may do without a login: pull, push, delete, compose, admin',
      defaultText: 'everything, without --auth; else nothing',
      choices: ACTIONS,
      repeatable: true,
    },
    (texts, where) => texts.map((text) => choice(ACTIONS, [text], where)),
  ),
};

/** Lays the options about access over those of the configuration; undefined: everybody may do everything. */
export function accessFrom(
  { auth, anonymous }: OptionValues<Pick<typeof SERVER_OPTIONS, 'auth' | 'anonymous'>>,
  config: AccessOptions | undefined,
): AccessOptions | undefined {
  if (auth === undefined && anonymous === undefined) return config;
  return {
    ...config,
    ...(auth === undefined ? {} : { htpasswd: auth }),
    ...(anonymous === undefined ? {} : { anonymous }),
  };
}
