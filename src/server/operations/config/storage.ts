import * as read from '../../../app/settings/setting-values.ts';
import type { GcOptions } from '../janitor.ts';
import { integer } from './front.ts';
import { mapped, section, word } from './kinds.ts';

/** `90s`, `30m`, `24h`, `7d`, or 0. */
export const DURATION = word(read.duration, {
  type: ['string', 'integer'],
  pattern: '^(0|[0-9]{1,9}[smhd])$',
  maximum: 0,
});
const SIZE = word(read.size, {
  type: ['string', 'integer'],
  minimum: 0,
  pattern: '^[0-9]{1,15}(\\.[0-9]{1,6})?\\s*[A-Za-z]*$',
});
const MAX_DAYS = 36_500;

/** Garbage collection. */
export const GC = mapped(
  section({
    every: { kind: DURATION, describe: 'How often: 30m, 24h, 7d; 0: never', required: true },
    'max-size': {
      kind: SIZE,
      describe: 'Size of the cache: above it, what was used least recently goes, except what was pushed',
    },
    'keep-days': {
      kind: integer(0, MAX_DAYS),
      describe: 'Composed images stay that were used in so many days; default: all',
    },
    'keep-newest': {
      kind: integer(0, 1_000_000),
      describe: 'And so many of the others that were used last; default: 0',
    },
  }),
  ({ every, maxSize, keepDays, keepNewest }): GcOptions => ({
    everyMs: every,
    maxSizeBytes: maxSize,
    retention: { days: keepDays ?? MAX_DAYS, newest: keepNewest ?? 0 },
  }),
);

/** What may be stored. */
export const QUOTAS = section({
  repository: { kind: SIZE, describe: 'Bytes of blobs that are pushed to a repository' },
  blob: { kind: SIZE, describe: 'Bytes of a pushed blob; default: 64G' },
});
