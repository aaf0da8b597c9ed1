import type { Candidate } from '../../distros/resolver.ts';
import type { DependsReport, ResolvedRelation } from '../../model/relation-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import { findPackages } from '../repositories/find-packages.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { refOf } from '../repositories/package-ref.ts';
import { optionalDepends } from './optional-depends.ts';

/** Request of `depends`. */
export interface DependsRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** Include pacman's optdepends */
  readonly optional: boolean;
}

/**
 * Lists the relations of packages (for a group, of its members) as written, with the package that each alone would resolve to. A
 * relation that no package meets is not an error.
 * @throws AppError as withLookup
 */
export async function depends(context: Context, request: DependsRequest): Promise<readonly DependsReport[]> {
  return withLookup(context, request.source, (lookup) => {
    const entries = request.packages.flatMap((target) => {
      const members = lookup.source.group(target);
      return members.length > 0 ? members : findPackages(lookup, target).packages.slice(0, 1);
    });
    return [...new Set(entries)].map((entry) => ({
      ...refOf(lookup.repositories, entry),
      relations: [
        ...entry.depends.map((relation) => resolved(lookup, 'depends', { relation, purpose: '' })),
        ...(request.optional ? optionalDepends(lookup.sources.distro, entry) : []).map((depend) =>
          resolved(lookup, 'optional', depend),
        ),
      ],
    }));
  });
}

function resolved(
  { repositories, source, sources }: Lookup,
  kind: 'depends' | 'optional',
  { relation, purpose }: { relation: string; purpose: string },
): ResolvedRelation {
  const ref = ({ package: entry }: Candidate) => refOf(repositories, entry);
  const candidates = sources.distro.resolver.providersOf(relation, source);
  const first = candidates.find(({ unasked }) => unasked);
  return {
    kind: relation.startsWith('!') ? 'conflicts' : kind,
    relation,
    purpose,
    package: first && ref(first),
    providers: candidates.map(ref),
  };
}
