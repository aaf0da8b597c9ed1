import { choice, pushReferences, refuse } from '../../app/settings/setting-values.ts';
import { type ComposeSettings, ENGINES, OUTPUT_FORMATS } from '../../app/settings/settings.ts';
import { type OptionValues, recipeSettings, setting, valued, withoutValue } from './option.ts';
import { accessSetting, type REGISTRY_OPTIONS, registryAccess, STORE_OPTION } from './registry-options.ts';

/** Options of commands that write an image to a file. */
export const FILE_OPTIONS = recipeSettings({
  output: {
    short: 'o',
    placeholder: 'PATH',
    group: 'Output',
    describe: 'File or folder to write; - for standard output',
    defaultText: 'out.tar, or the folder out',
    common: true,
  },
  format: {
    placeholder: 'NAME',
    choices: OUTPUT_FORMATS,
    group: 'Output',
    describe: 'One tar that every engine loads, or an OCI layout folder',
    defaultText: 'tar',
  },
});

/** Options of commands that compose an image and say where it goes. */
export const OUTPUT_OPTIONS = {
  ...FILE_OPTIONS,
  load: withoutValue(
    'auto',
    setting(
      {
        placeholder: 'ENGINE',
        choices: ENGINES,
        group: 'Output',
        describe:
          'Load the image into docker or podman; no file is written unless --output or --format is given',
        common: true,
      },
      (texts, where) => ({ load: choice(ENGINES, texts, where) }),
    ),
  ),
  push: valued(
    {
      repeatable: true,
      placeholder: 'REG/NAME:TAG',
      group: 'Output',
      describe: 'Push the image to a registry; no file is written unless --output or --format is given',
      common: true,
    },
    (texts) => pushReferences(texts, '--push'),
  ),
  ...STORE_OPTION,
  'dry-run': {
    ...setting(
      { group: 'Output', describe: 'Show what would be composed; write nothing', common: true },
      () => ({ dryRun: true }),
    ),
    takes: 'none' as const,
  },
};

/**
 * Collects everything but the packages that `compose PKG…` and `compose build` are given.
 * @throws AppError USAGE for --store without --push
 */
export function composeSettings(parsed: {
  readonly settings: ComposeSettings;
  readonly options: OptionValues<typeof OUTPUT_OPTIONS & typeof REGISTRY_OPTIONS>;
}): ComposeSettings {
  const { push: references, store } = parsed.options;
  const settings = { ...parsed.settings, ...accessSetting(parsed.options) };
  if (references !== undefined) {
    const access = registryAccess(parsed.options);
    return { ...settings, push: { references, access, ...(store === undefined ? {} : { store }) } };
  }
  if (store === undefined) return settings;
  return refuse({
    where: '--store',
    expected: '--push REG/NAME:TAG with it, since a store only serves pushed images',
    got: store,
  });
}
