import { catalogError } from '../catalog/database.ts';
import type { PlanAnswer, Planner, SourceOptions } from '../model/request.ts';
import type { Context } from './context.ts';
import { openLookup } from './lookup.ts';

/** A source remembers every package it has read: all of a distribution take more memory than a batch is worth. */
const ANSWERS_BY_SOURCE = 300;

/** A planner over the repositories as they are now; closing it closes the context. @throws AppError as openLookup */
export async function openPlanner(context: Context, options: SourceOptions): Promise<Planner> {
  const { catalog, directory } = context;
  try {
    const { sources, repositories } = await openLookup(context, options);
    const ranked = repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag }));
    const { architecture, distro } = sources;
    const repositoryNames = repositories.map(({ spec }) => spec.name);
    const release = catalog.hold();
    let source = catalog.packages.source(ranked);
    let answered = 0;
    return {
      plan(targets): PlanAnswer {
        answered += 1;
        if (answered % ANSWERS_BY_SOURCE === 0) source = catalog.packages.source(ranked);
        const result = distro.solve({ targets, architecture, repositoryNames }, source);
        if (!result.ok) return { add: targets, error: result.report };
        const { packages, warnings } = result;
        const install = packages.map(
          ({ package: { name, version, tag } }) => `${name}-${version}${tag === '' ? '' : `@${tag}`}`,
        );
        return warnings.length === 0 ? { add: targets, install } : { add: targets, install, warnings };
      },
      close() {
        release();
        catalog.close();
      },
    };
  } catch (error) {
    catalog.close();
    throw catalogError(error, directory);
  }
}
