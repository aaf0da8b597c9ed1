import { choice, duration, listenAddress, refuse, word, words } from '../../app/settings/setting-values.ts';
import { ACTIONS } from '../../model/action.ts';
import type { AccessOptions } from '../../server/access/options.ts';
import type { TlsOptions } from '../../server/access/tls.ts';
import type { FrontOptions } from '../../server/operations/front.ts';
import { type OptionValues, toggle, valued, withoutValue } from './option.ts';

const file = (describe: string) => valued({ placeholder: 'FILE', group: 'Server', describe }, word);

/** Options of the server itself; each stands for a key of the configuration. */
export const SERVER_OPTIONS = {
  config: valued(
    {
      placeholder: 'FILE',
      group: 'Server',
      describe: 'Configuration, YAML or JSON (docs/deploy.md); options on the command line come first',
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
  'files-from': valued(
    {
      placeholder: 'REG/NAME[:TAG]',
      group: 'Server',
      describe: 'Serve the files of artifacts in a registry below /files/; NAME and TAG may have *',
      repeatable: true,
    },
    words,
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
  'tls-cert': file('Certificate of the server (PEM), with those between it and its authority'),
  'tls-key': file('Private key (PEM) of --tls-cert'),
  'client-ca': file('Require client certificates of this authority (PEM): CN is the user, O a group'),
  'plain-http': toggle({
    group: 'Server',
    describe: 'Take passwords over plain HTTP from other machines: a proxy before the server speaks TLS',
  }),
  gc: valued(
    {
      placeholder: 'TIME',
      group: 'Server',
      describe: 'Collect garbage so often while serving (24h); what goes: gc of --config',
      defaultText: 'never',
    },
    duration,
  ),
  'access-log': withoutValue(
    'stderr',
    valued(
      {
        placeholder: 'FILE',
        group: 'Server',
        describe: 'Log requests as lines of JSON in FILE, or on standard error; SIGUSR1 opens FILE again',
      },
      word,
    ),
  ),
};

/** Returns the options of what stands before the services, laid over those of the configuration. @throws AppError USAGE */
export function frontFrom(options: OptionValues<typeof SERVER_OPTIONS>, config: FrontOptions): FrontOptions {
  return {
    ...config,
    access: accessFrom(options, config.access),
    tls: tlsFrom(options, config.tls),
    plainHttp: options['plain-http'] || config.plainHttp,
    accessLog: options['access-log'] ?? config.accessLog,
  };
}

function tlsFrom(
  options: OptionValues<Pick<typeof SERVER_OPTIONS, 'tls-cert' | 'tls-key' | 'client-ca'>>,
  config: TlsOptions | undefined,
): TlsOptions | undefined {
  const cert = options['tls-cert'] ?? config?.cert;
  const key = options['tls-key'] ?? config?.key;
  const clientCa = options['client-ca'] ?? config?.clientCa;
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined) return refuse({ where: '--tls-cert', expected: 'a certificate', got: undefined });
  if (key === undefined)
    return refuse({ where: '--tls-key', expected: 'the key of --tls-cert', got: undefined });
  return { ...config, cert, key, ...(clientCa === undefined ? {} : { clientCa }) };
}

/** Undefined: everybody may do everything. */
function accessFrom(
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
