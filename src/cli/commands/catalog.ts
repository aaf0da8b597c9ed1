import { choice } from '../../app/settings/setting-values.ts';
import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { accessFromWords } from '../args/registry-words.ts';
import { checkArguments } from '../args/settings-from-words.ts';
import type { CommandModule, Invocation, Result } from '../command.ts';

const ACTIONS = ['push', 'pull'] as const;

async function run({ words, app }: Invocation): Promise<Result> {
  checkArguments(words.args, { command: 'catalog', what: 'push or pull, and REF', atMost: 2 });
  const [actionWord = '', reference] = words.args;
  const action = choice(ACTIONS, [actionWord], 'compose catalog');
  checkArguments(words.args.slice(1), { command: `catalog ${action}`, what: 'one REF', atMost: 1 });
  const believe = words.options.has('trust-catalog');
  if (believe && action === 'push') {
    throw new AppError('USAGE', '--trust-catalog is only an option of compose catalog pull', {
      details: { option: '--trust-catalog', expected: 'compose catalog pull', got: action },
    });
  }
  const access = accessFromWords(words);
  const quiet = words.options.has('quiet');
  const render = () => import('../render/catalog.ts');
  if (action === 'push') {
    const data = await app.catalogPush({ reference: reference as string, access });
    return {
      kind: 'answer',
      data,
      text: async () => (await render()).renderCatalogPush(data, { quiet }),
    };
  }
  const data = await app.catalogPull({ reference: reference as string, believe, access });
  return { kind: 'answer', data, text: async () => (await render()).renderCatalogPull(data, { quiet }) };
}

export const command: CommandModule = {
  arguments: {
    describe:
      'push: publish what the catalog knows of packages; pull: take what another machine has published; REF: registry.example/team/catalog:1',
    choices: ACTIONS,
  },
  options: ['trust-catalog', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose catalog push registry.example/team/catalog:1', 'publish it; only what is new is sent'],
    [
      'compose catalog pull registry.example/team/catalog@sha256:…',
      'accept exactly the one with that digest',
    ],
    [
      'compose catalog pull registry.example/team/catalog:1 --trust-catalog',
      'accept whatever the tag points to now',
    ],
  ],
  run,
};
