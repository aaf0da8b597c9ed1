import { refuse } from '../../app/settings/setting-values.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { BehindOptions } from './open-behind.ts';

/** Settings of the registry behind, from several places. */
export type BehindSettings = {
  readonly [Key in keyof Omit<BehindOptions, 'access'>]?: BehindOptions[Key] | undefined;
};

/**
 * Returns the options of the registry behind; undefined: there is none.
 * @throws AppError USAGE for a catalog without a store
 */
export function behindOptions(settings: BehindSettings, access: RegistryAccess): BehindOptions | undefined {
  const { store, ...more } = settings;
  if (store !== undefined) return { ...more, store, access };
  if (settings.catalog === undefined) return undefined;
  return refuse({
    where: '--store',
    expected: `the repository of packages that belongs to --catalog ${settings.catalog}`,
    got: undefined,
  });
}
