import { BASE_MODES, type ComposeSettings, solverNames, sourceOptions } from '../../app/settings/settings.ts';
import { families, familyIds } from '../../distros/families.ts';
import type { SourceOptions } from '../../model/request.ts';
import { type OptionValues, recipeSettings } from './option.ts';
import { accessSetting, REGISTRY_OPTIONS } from './registry-options.ts';

/** Options that select the distribution: all that comparing versions needs. */
export const DISTRO_OPTIONS = recipeSettings({
  distro: {
    placeholder: 'NAME',
    choices: familyIds(),
    group: 'Packages',
    describe: 'Distribution that the packages come from',
    defaultText: families()[0].id,
    common: true,
  },
  release: {
    placeholder: 'NAME',
    group: 'Packages',
    describe: 'Release of the distribution: v3.19, edge, latest-stable',
    defaultText: 'latest-stable; Arch: rolling',
    suggestions: families()[0].releases,
    common: true,
  },
  solver: {
    placeholder: 'NAME',
    choices: solverNames(),
    group: 'Packages',
    describe: 'Choose packages and compare versions like apk 2.14 or apk 3 (Alpine)',
    defaultText: "like the release's own apk",
  },
});

const REPOSITORY_OPTIONS = recipeSettings({
  arch: {
    placeholder: 'NAME',
    group: 'Packages',
    describe: 'Architecture, in the words of OCI (amd64, arm64) or the distribution (x86_64, aarch64)',
    defaultText: "this machine's",
    suggestions: ['amd64', 'arm64', 'arm/v7', 'arm/v6', '386', 'ppc64le', 'riscv64', 's390x', 'loong64'],
    common: true,
  },
  mirror: {
    placeholder: 'URL',
    group: 'Packages',
    describe: 'Mirror to use instead of the official one; several are tried in order',
  },
  repo: {
    placeholder: 'URL|DIR|NAME',
    group: 'Packages',
    describe:
      'Repository to use instead of the default ones, in order of priority: a URL, folder, "@tag URL" line, oci:// mirror or default repository (main)',
  },
});

/** Options that select whose signatures are accepted. */
export const TRUST_OPTIONS = recipeSettings({
  keyring: {
    placeholder: 'DIR',
    group: 'Packages',
    describe: "Folder of trusted keys, instead of the distribution's own keys",
  },
  'keyring-append': {
    placeholder: 'DIR',
    group: 'Packages',
    describe: "Folder of keys to trust in addition to the distribution's own",
  },
  'allow-untrusted': {
    group: 'Packages',
    describe: 'Accept packages and indexes that are unsigned or signed with unknown keys',
  },
  'sig-level': {
    placeholder: 'WORDS',
    group: 'Packages',
    describe: "pacman's SigLevel words (Arch)",
    defaultText: 'Required DatabaseOptional',
  },
});

/** Options of commands that read package repositories, which may be in a registry. */
export const SOURCE_OPTIONS = {
  ...DISTRO_OPTIONS,
  ...REPOSITORY_OPTIONS,
  ...TRUST_OPTIONS,
  ...REGISTRY_OPTIONS,
};

/** Option of commands that solve a request together with a base. */
export const BASE_OPTION = recipeSettings({
  base: {
    placeholder: 'MODE',
    choices: BASE_MODES,
    group: 'Image',
    describe:
      'Packages to add for a usable image: a shell and users (minimal), those of the distribution’s own container image (system), or none',
    defaultText: 'minimal',
  },
});

/** Returns the package source that the command line selects. */
export function sourceFrom(parsed: {
  readonly settings: ComposeSettings;
  readonly options: OptionValues<typeof REGISTRY_OPTIONS>;
}): SourceOptions {
  return sourceOptions({ ...parsed.settings, ...accessSetting(parsed.options) });
}
