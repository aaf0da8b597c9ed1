import { size } from '../../app/settings/setting-values.ts';
import { toggle, valued } from '../args/option.ts';
import { defineAction, defineActions } from '../command.ts';
import { EXIT_DAMAGED, EXIT_OK } from '../exit-codes.ts';
import { nameLines } from '../print.ts';

const ls = defineAction({
  argument: '',
  options: {},
  async run({ app }) {
    const data = await app.cacheList();
    const text = async () => (await import('../render/reports.ts')).renderCacheList(data);
    return { kind: 'answer', data, text, quietText: nameLines(data.map(({ digest }) => digest)) };
  },
});

const verify = defineAction({
  argument: '',
  options: {
    repair: toggle({ group: 'Cache', describe: 'Remove damaged blobs, so that they are fetched again' }),
  },
  async run({ options: { repair }, app }) {
    const data = await app.cacheVerify({ repair });
    const text = async () => (await import('../render/reports.ts')).renderCacheVerify(data, repair);
    const isSound = data.missing.length === 0 && (repair || data.damaged.length === 0);
    const exitCode = isSound ? EXIT_OK : EXIT_DAMAGED;
    return { kind: 'answer', data, text, quietText: '', exitCode };
  },
});

const gc = defineAction({
  argument: '',
  options: {
    'max-size': valued(
      {
        placeholder: 'SIZE',
        group: 'Cache',
        describe:
          'Remove the least recently used blobs until the cache is no larger than this: 500MB, 10G, 1.5GiB',
      },
      size,
    ),
  },
  async run({ options, app }) {
    const data = await app.cacheGc({ maxSizeBytes: options['max-size'] });
    const text = async () => (await import('../render/reports.ts')).renderCacheGc(data);
    return { kind: 'answer', data, text, quietText: '' };
  },
});

export const command = defineActions({
  name: 'cache',
  argument: 'ls|verify|gc',
  group: 'Repositories and cache',
  summary: 'List, check or shrink the cache',
  arguments: {
    describe: 'ls: list the blobs; verify: check every digest; gc: remove blobs that are not needed',
  },
  actions: { ls, verify, gc },
  examples: [
    ['compose cache ls', 'list the blobs in the cache'],
    ['compose cache verify --repair', 'remove damaged blobs, so that they are fetched again'],
    ['compose cache gc --max-size 10G', 'remove the least recently used blobs until 10 GiB are left'],
  ],
});
