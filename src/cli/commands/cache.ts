import { choice, size } from '../../app/settings/setting-values.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS } from '../args/options.ts';
import { checkArguments } from '../args/settings-from-words.ts';
import type { CommandModule, Invocation, Result } from '../command.ts';

const ACTIONS = ['ls', 'verify', 'gc'] as const;

function onlyWith(option: string, action: string): never {
  throw new AppError('USAGE', `--${option} is only an option of compose cache ${action}`, {
    hint: `write: compose cache ${action} --${option}`,
    details: { option: `--${option}`, expected: `compose cache ${action}`, got: `--${option}` },
  });
}

async function run({ words, app }: Invocation): Promise<Result> {
  checkArguments(words.args, { command: 'cache', what: 'one of ls, verify or gc', atMost: 1 });
  const action = choice(ACTIONS, words.args, 'compose cache');
  const repair = words.options.has('repair');
  const limit = words.options.get('max-size');
  if (repair && action !== 'verify') onlyWith('repair', 'verify');
  if (limit !== undefined && action !== 'gc') onlyWith('max-size', 'gc');
  if (action === 'ls') return { kind: 'cache-ls', data: await app.cacheList() };
  if (action === 'verify') return { kind: 'cache-verify', data: await app.cacheVerify({ repair }), repair };
  const maxSizeBytes = limit === undefined ? undefined : size(limit, '--max-size');
  return { kind: 'cache-gc', data: await app.cacheGc({ maxSizeBytes }) };
}

export const command: CommandModule = {
  arguments: {
    describe: 'ls: list the blobs; verify: check every digest; gc: remove what is not needed',
    choices: ACTIONS,
  },
  options: ['repair', 'max-size', ...GENERAL_OPTIONS],
  examples: [
    ['compose cache ls', 'what is in the cache'],
    ['compose cache verify --repair', 'remove damaged blobs, so that they are fetched again'],
    ['compose cache gc --max-size 10G', 'shrink it to 10 GiB, least recently used first'],
  ],
  run,
};
