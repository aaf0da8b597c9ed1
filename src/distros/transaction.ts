import type { CatalogPackage, IndexPackage, SolveProblem } from '../model/package.ts';
import type { SolveRequest } from './resolver.ts';

/** A package that a root has already, by its package database. */
export interface InstalledEntry {
  readonly package: IndexPackage;
  readonly reason: 'explicit' | 'dependency';
  /** Tag of the apk repository that it is pinned to, without `@`; empty: none */
  readonly tag: string;
}

/** A request to install into a root that already has packages, as for composing on top of an image. */
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

/** Result of a transaction. `problems`: why it is impossible; `report`: the real tool's lines for that. */
export type ChangeResult =
  | {
      readonly ok: true;
      /** Changes in the real tool's order */
      readonly changes: readonly Change[];
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly SolveProblem[]; readonly report: readonly string[] };
