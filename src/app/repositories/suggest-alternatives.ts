import type { Distro } from '../../distros/distro.ts';
import { shellQuote } from '../../distros/shared/shell/quote.ts';
import type { SolveProblem } from '../../model/package.ts';
import { type Alternatives, type ElsewhereEntry, ResolutionError } from '../../model/resolution-error.ts';
import type { Context } from '../context.ts';
import { nearestNames } from '../settings/nearest.ts';
import { findElsewhere } from './find-elsewhere.ts';
import type { Lookup, Unresolved } from './lookup.ts';

/** Number of suggestions of each kind for one problem. */
const MAX_SUGGESTIONS = 5;
/** Number of problems that are looked into: each costs a pass over all names. */
const MAX_PROBLEMS = 20;

/** Makes the error for an unresolved request, with alternatives to what is missing. */
export async function resolutionError(
  context: Context,
  lookup: Lookup,
  { problems, report, hint }: Unresolved,
): Promise<ResolutionError> {
  const explained = [];
  for (const [index, problem] of problems.entries()) {
    const isTried = index < MAX_PROBLEMS && (problem.kind === 'unknown' || problem.kind === 'version');
    explained.push({ ...problem, ...(isTried ? await alternativesTo(context, lookup, problem) : NONE) });
  }
  return new ResolutionError({ distro: lookup.sources.distro.id, problems: explained, report, hint });
}

const NONE: Alternatives = { nearest: [], providers: [], elsewhere: [], hint: '' };

async function alternativesTo(
  context: Context,
  lookup: Lookup,
  problem: SolveProblem,
): Promise<Alternatives> {
  const isUnknown = problem.kind === 'unknown' && problem.candidates.length === 0;
  const found = {
    nearest: isUnknown ? nearest(context, lookup, problem) : [],
    providers: isUnknown ? providers(context, lookup, problem.subject) : [],
    elsewhere: await findElsewhere(context, lookup, {
      // Only a word of the request may begin with a repository; relations have no slash.
      relation: problem.requirement.slice(problem.requirement.lastIndexOf('/') + 1),
      most: MAX_SUGGESTIONS,
      anywhere: isTarget(problem),
    }),
  };
  return { ...found, hint: hintOf(lookup.sources.distro, problem, found) };
}

/** Returns names like the missing one: for `so:libx.so.1` names that are provided as `so:`, else names of packages. */
function nearest(
  context: Context,
  { repositories, source }: Lookup,
  { subject: name, requirement }: SolveProblem,
): readonly string[] {
  const kind = name.slice(0, name.indexOf(':') + 1);
  const plain = name.slice(Math.max(kind.length, name.lastIndexOf('/') + 1));
  // `repository/name` and `cmd:name` mean the package itself, if it exists.
  if (plain !== requirement && source.byName(plain).length > 0) return [plain];
  if (kind === '') {
    return nearestNames(
      plain,
      context.catalog.packages.names(repositories.map(({ row }) => row)),
      MAX_SUGGESTIONS,
    );
  }
  const names = provided(context, repositories, kind).filter((other) => other.startsWith(kind));
  const near = nearestNames(
    plain,
    names.map((other) => other.slice(kind.length)),
    MAX_SUGGESTIONS,
  );
  return near.map((other) => `${kind}${other}`);
}

/** Returns packages that provide the name as a command, a library…: `cmd:git`, `so:libz.so.1`. */
function providers(
  context: Context,
  { repositories, source }: Lookup,
  name: string,
): Alternatives['providers'] {
  const names = provided(context, repositories, `:${name}`).filter(
    (other) => other.slice(other.indexOf(':') + 1) === name,
  );
  const found = names.flatMap((by) =>
    source.providers(by).map((entry) => ({ package: `${entry.name}-${entry.version}`, by })),
  );
  return found.slice(0, MAX_SUGGESTIONS);
}

/** Returns provided names that contain the fragment. */
function provided(
  { catalog }: Context,
  repositories: Lookup['repositories'],
  fragment: string,
): readonly string[] {
  const rows = repositories.flatMap(({ row }) => catalog.search.provides(row.id, fragment));
  return [...new Set(rows.map(({ name }) => name))];
}

function hintOf({ resolver }: Distro, problem: SolveProblem, found: Omit<Alternatives, 'hint'>): string {
  const { subject } = problem;
  const kinds = resolver.relations.provided;
  const provided = [...Map.groupBy(found.providers, ({ by }) => by)].map(([by, entries]) => {
    const prefix = by.slice(0, by.indexOf(':') + 1);
    const kind = kinds.find((one) => one.prefix === prefix)?.title ?? `provided as ${by} by`;
    return `${subject} is ${kind} ${either(entries.map((entry) => entry.package))}.`;
  });
  // A dependency is not a typing error, and a name that is provided was meant.
  const isTyped = isTarget(problem) && provided.length === 0 && found.nearest.length > 0;
  return [
    ...provided,
    ...(isTyped ? [`Did you mean ${either(found.nearest)}?`] : []),
    ...(found.elsewhere.length > 0 ? [`Available elsewhere: ${found.elsewhere.map(place).join('; ')}.`] : []),
  ].join(' ');
}

/** Tells whether the request itself asks for it, and not just a package. */
function isTarget(problem: SolveProblem): boolean {
  return [problem, ...problem.terms].some(({ chain }) => chain.length === 1);
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** Describes a package elsewhere: `git-2.45.2-r0 in alpine edge main x86_64 (--release edge)`. */
function place({
  package: label,
  distro,
  release,
  repository,
  architecture,
  options,
}: ElsewhereEntry): string {
  const words = options.map(shellQuote).join(' ');
  const where = [distro, release, repository, architecture].filter((word) => word !== '').join(' ');
  return `${label} in ${where}${words === '' ? '' : ` (${words})`}`;
}
