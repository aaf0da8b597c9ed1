import type { InstalledPackage, Root } from '../install.ts';
import type { TriggeredHook } from './hooks.ts';

export type InstallStep =
  | { readonly kind: 'scriptlet'; readonly installed: InstalledPackage; readonly name: string }
  | { readonly kind: 'ldconfig' }
  | { readonly kind: 'hook'; readonly hook: TriggeredHook };

/**
 * Does to the root what the step would, when its whole effect follows from its text and the root.
 * @returns false, and the root as it was, when it does not
 */
export function applyKnownStep(_step: InstallStep, _root: Root): boolean {
  return false;
}
