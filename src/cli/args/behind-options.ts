import { readCatalog, readRedirect, readRefresh, readRepository } from '../../app/settings/behind-values.ts';
import type { BehindSettings } from '../../server/behind/settings.ts';
import { type OptionValues, toggle, valued } from './option.ts';

const GROUP = 'Server';

/** Options of a registry behind the server; each stands for a key of `behind` in the configuration. */
export const BEHIND_OPTIONS = {
  store: valued(
    {
      placeholder: 'REG/PACKAGES',
      group: GROUP,
      describe: 'Repository that holds each package once; clients are sent there for packages',
    },
    readRepository,
  ),
  catalog: valued(
    {
      placeholder: 'REF',
      group: GROUP,
      describe:
        'Published catalog to compose from; images are kept in the registry of --store, so that any number of servers answer alike',
    },
    readCatalog,
  ),
  'trust-catalog': toggle({
    group: GROUP,
    describe: 'Accept the catalog by tag, trusting its publisher, instead of pinning a digest',
  }),
  'catalog-refresh': valued(
    {
      placeholder: 'SECONDS',
      group: GROUP,
      describe: 'Time between looks for a newer catalog',
      defaultText: '30',
    },
    readRefresh,
  ),
  composed: valued(
    {
      placeholder: 'REG/NAMESPACE',
      group: GROUP,
      describe: 'Where composed images are kept, in repositories of their names',
      defaultText: 'composed, beside the packages',
    },
    readRepository,
  ),
  redirect: valued(
    {
      placeholder: 'on|off|URL',
      group: GROUP,
      describe: 'Send clients to the registry for blobs: as the server reaches it, never, or at URL',
      defaultText: 'on, if they need no login there',
    },
    readRedirect,
  ),
};

/** Returns the settings of the registry behind, laid over those of the configuration. */
export function behindFrom(
  options: OptionValues<typeof BEHIND_OPTIONS>,
  config: BehindSettings = {},
): BehindSettings {
  return {
    store: options.store ?? config.store,
    catalog: options.catalog ?? config.catalog,
    trustCatalog: options['trust-catalog'] || config.trustCatalog,
    refreshMs: options['catalog-refresh'] ?? config.refreshMs,
    composed: options.composed ?? config.composed,
    redirect: options.redirect ?? config.redirect,
  };
}
