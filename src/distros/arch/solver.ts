import type { PackageSource, SolveResult } from '../../model/package.ts';
import { change } from './change.ts';
import type { PacmanRequest } from './request.ts';

/**
 * Returns what `pacman -S --noconfirm` would install into an empty root, in pacman's order, or the problems for which it would
 * fail.
 */
export function solve(request: PacmanRequest, source: PackageSource): SolveResult {
  const result = change({ ...request, installed: [] }, source);
  if (!result.ok) return result;
  const packages = result.changes.flatMap((entry) =>
    entry.kind === 'remove' ? [] : [{ package: entry.package, reason: entry.reason }],
  );
  return { ok: true, packages, warnings: result.warnings };
}
