import { duration, word, words } from '../../app/settings/setting-values.ts';
import type { ComposeSettings } from '../../app/settings/settings.ts';
import type { SourceOptions } from '../../model/request.ts';
import { IMAGE_OPTIONS } from './image-options.ts';
import { type OptionText, valued } from './option.ts';
import { SOURCE_OPTIONS } from './source-options.ts';

const several = ({ placeholder = '', describe, defaultText = '', suggestions = [] }: OptionText) =>
  valued({ placeholder, describe, defaultText, suggestions, group: 'Packages', repeatable: true }, words);

/** Options of a server that composes: what it composes from, and how. */
export const COMPOSING_OPTIONS = {
  ...SOURCE_OPTIONS,
  release: several({
    ...SOURCE_OPTIONS.release,
    describe: 'Release of the distribution; several are all served, the first one by default',
  }),
  arch: several({
    ...SOURCE_OPTIONS.arch,
    describe: 'Architecture; images are for all that are given',
    defaultText: "this machine's, and those whose indexes are in the catalog",
  }),
  base: IMAGE_OPTIONS.base,
  layers: IMAGE_OPTIONS.layers,
  'max-layers': IMAGE_OPTIONS['max-layers'],
  'layer-encoding': IMAGE_OPTIONS['layer-encoding'],
  install: IMAGE_OPTIONS.install,
  'no-scripts': IMAGE_OPTIONS['no-scripts'],
  'no-database': IMAGE_OPTIONS['no-database'],
  recipes: valued(
    {
      placeholder: 'DIR',
      group: 'Server',
      describe: 'Folder or Git checkout whose recipes are served as recipes/NAME:REF',
    },
    word,
  ),
  refresh: valued(
    {
      placeholder: 'TIME',
      group: 'Server',
      describe: 'Time between two looks for newer indexes: 15m, 6h; 0: never',
      defaultText: '15m',
    },
    duration,
  ),
};

/** Separates the settings of images from those of sources. */
export function imageSettingsIn(settings: ComposeSettings): {
  readonly image: ComposeSettings;
  readonly source: ComposeSettings;
} {
  const { base, layers, maxLayers, layerEncoding, install, scripts, database, ...source } = settings;
  const all = { base, layers, maxLayers, layerEncoding, install, scripts, database };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return { image: Object.fromEntries(given), source };
}

/** Returns a source for every release and architecture, the default release first. */
export function sourcesFrom(
  common: SourceOptions,
  {
    release = [''],
    arch = [''],
  }: { readonly release?: readonly string[] | undefined; readonly arch?: readonly string[] | undefined },
): readonly SourceOptions[] {
  return release.flatMap((one) => arch.map((architecture) => ({ ...common, release: one, architecture })));
}
