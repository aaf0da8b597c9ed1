import { sourceDateEpoch } from '../../app/settings/setting-values.ts';
import { composeRequest, overlay } from '../../app/settings/settings.ts';
import { IMAGE_OPTIONS } from '../args/image-options.ts';
import { composeSettings, OUTPUT_OPTIONS } from '../args/output-options.ts';
import { SOURCE_OPTIONS } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';
import { composeResult } from '../compose-result.ts';

export const command = defineCommand({
  name: 'build',
  argument: 'RECIPE',
  group: 'Images',
  summary: 'Compose the image that a recipe file describes',
  arguments: { describe: 'RECIPE: a YAML file (docs/recipes.md)', complete: 'file' },
  options: { ...SOURCE_OPTIONS, ...IMAGE_OPTIONS, ...OUTPUT_OPTIONS },
  examples: [
    ['compose build recipes/alpine-gcc.yaml', 'compose an example recipe'],
    ['compose build recipes/alpine-gcc.yaml --release edge', 'the same, from another release'],
  ],
  async run({ settings, options, args: [recipe], env, app }) {
    const flags = composeSettings({ settings, options });
    const epoch = sourceDateEpoch(env.SOURCE_DATE_EPOCH);
    const request = composeRequest(overlay(await app.readRecipe(recipe), flags), epoch);
    return composeResult(await app.compose(request), request, options);
  },
});
