import type { CatalogPackage, IndexPackage, SolveProblem } from '../model/package.ts';
import type { SolveRequest } from './resolver.ts';

/** A package that a root holds already, as its package database says. */
export interface InstalledEntry {
  readonly package: IndexPackage;
  readonly reason: 'explicit' | 'dependency';
  /** `@tag` of the apk repository it is pinned to; empty: none */
  readonly tag: string;
}

/** A request against a root that is not empty: what composing on top of an image needs. */
export interface ChangeRequest extends SolveRequest {
  readonly installed: readonly InstalledEntry[];
}

/** One step of a transaction. `replace` is an upgrade, a downgrade or the same version built again. */
export type Change =
  | {
      readonly kind: 'install';
      readonly package: CatalogPackage;
      readonly reason: 'explicit' | 'dependency';
    }
  | {
      readonly kind: 'replace';
      readonly package: CatalogPackage;
      readonly old: IndexPackage;
      readonly reason: 'explicit' | 'dependency';
    }
  | { readonly kind: 'remove'; readonly old: IndexPackage };

export type ChangeResult =
  | {
      readonly ok: true;
      /** In the order the real tool makes them */
      readonly changes: readonly Change[];
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly SolveProblem[]; readonly report: readonly string[] };
