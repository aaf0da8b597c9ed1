import { catalogError } from '../../catalog/database.ts';
import type { PlanAnswer, Planner, SourceOptions } from '../../model/request.ts';
import { type Context, type ContextOptions, catalogPath, closeSessions, openContext } from '../context.ts';
import { openLookup, sourceOf } from '../repositories/open-lookup.ts';

/** A source remembers every package that it has read; those of several distributions take more memory than that is worth. */
const ANSWERS_BY_SOURCE = 2_000;

/**
 * Opens a planner over the current state of the repositories; the caller closes it.
 * @throws AppError as openContext and openLookup
 */
export async function openPlanner(contextOptions: ContextOptions, options: SourceOptions): Promise<Planner> {
  const context = openContext(contextOptions);
  try {
    return await plannerIn(context, options);
  } catch (error) {
    context.catalog.close();
    throw catalogError(error, catalogPath(context.directory));
  } finally {
    // The repositories are in the catalog by now.
    await closeSessions(context);
  }
}

async function plannerIn(context: Context, options: SourceOptions): Promise<Planner> {
  const { catalog } = context;
  const { sources, repositories } = await openLookup(context, options);
  const { architecture, distro } = sources;
  const repositoryNames = repositories.map(({ spec }) => spec.name);
  const release = catalog.hold();
  const open = () => sourceOf(context, repositories, { brief: true });
  let source = open();
  let answered = 0;
  return {
    plan(targets): PlanAnswer {
      answered += 1;
      if (answered % ANSWERS_BY_SOURCE === 0) source = open();
      const request = { targets, architecture, repositoryNames };
      const result = catalog.snapshot(() => distro.resolver.solve(request, source));
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
}
