import type { InstalledPackage, Root } from '../install.ts';

export interface ScriptRun {
  readonly installed: InstalledPackage;
  /** `pre-install`, `post-install`, `trigger` */
  readonly script: string;
  /** Version, or the changed directories of a trigger */
  readonly args: readonly string[];
  /** Seconds since the epoch, of the installation: the day in etc/shadow */
  readonly time: number;
}

/**
 * Does to the root what the script would, when its whole effect follows from its text and the root.
 * @returns false, and the root as it was, when it does not
 */
export function applyKnownScript(_run: ScriptRun, _root: Root): boolean {
  return false;
}
