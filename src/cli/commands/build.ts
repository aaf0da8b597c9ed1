import { sourceDateEpoch } from '../../app/settings/setting-values.ts';
import { composeRequest, overlay } from '../../app/settings/settings.ts';
import { GENERAL_OPTIONS, IMAGE_OPTIONS, OUTPUT_OPTIONS, SOURCE_OPTIONS } from '../args/options.ts';
import { checkArguments, settingsFromWords } from '../args/settings-from-words.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  arguments: { describe: 'RECIPE: a YAML file, as docs/recipes.md says', complete: 'file' },
  options: [...SOURCE_OPTIONS, ...IMAGE_OPTIONS, ...OUTPUT_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose build recipes/alpine-gcc.yaml', 'compose a worked recipe'],
    ['compose build recipes/alpine-gcc.yaml --release edge', 'the same from another release'],
  ],
  async run({ words, env, app }) {
    checkArguments(words.args, { command: 'build', what: 'one recipe file', atMost: 1 });
    const flags = settingsFromWords(words);
    const epoch = sourceDateEpoch(env.SOURCE_DATE_EPOCH);
    const request = composeRequest(overlay(await app.readRecipe(words.args[0]!), flags), epoch);
    return { kind: 'compose', data: await app.compose(request), request };
  },
};
