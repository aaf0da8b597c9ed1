import {
  readCatalog,
  readRedirect,
  readRefresh,
  readRepository,
} from '../../../app/settings/behind-values.ts';
import type { BehindSettings } from '../../behind/settings.ts';
import { YES_NO } from './front.ts';
import { mapped, section, word } from './kinds.ts';

const NAME = { type: 'string', minLength: 1 } as const;

/** The registry behind the server. */
export const BEHIND = mapped(
  section({
    store: {
      kind: word(readRepository, NAME),
      describe: 'Repository that holds each package once; clients are sent there for packages',
      required: true,
    },
    catalog: {
      kind: word(readCatalog, NAME),
      describe: 'Published catalog to compose from; images are kept in the registry of the store',
    },
    'trust-catalog': {
      kind: YES_NO,
      describe: 'Accept the catalog by tag, trusting its publisher, instead of pinning a digest',
    },
    'catalog-refresh': {
      kind: word(readRefresh, { type: 'integer', minimum: 1, maximum: 86_400 }),
      describe: 'Seconds between looks for a newer catalog; default: 30',
    },
    composed: {
      kind: word(readRepository, NAME),
      describe: 'Where composed images are kept; default: composed, beside the packages',
    },
    redirect: {
      kind: word(readRedirect, { type: ['string', 'boolean'] }),
      describe:
        'Send clients to the registry for blobs: on (default), off, or the URL by which they reach it',
    },
  }),
  ({ catalogRefresh, ...settings }): BehindSettings => ({ ...settings, refreshMs: catalogRefresh }),
);
