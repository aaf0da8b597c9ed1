import { basename } from 'node:path';
import { isAppError } from '../../model/app-error.ts';
import type { PackageReport, SearchReport } from '../../model/package-report.ts';
import { required } from '../../model/required.ts';
import type { Asker } from '../content.ts';
import type { Pool } from '../workers/pool.ts';
import type { Choice } from './choices.ts';
import type { PackageFacts, VersionRow } from './views/package.ts';
import { SHOWN } from './views/search.ts';
import type { Visit } from './visit.ts';

/** Runs use cases off the event loop. */
export type Work = Pick<Pool, 'run'>;

/** A page does not wait longer for releases other than its own, whose indexes may have to be fetched first. */
const VERSIONS_MS = 1_500;

/** Searches for what the visitor typed. @throws AppError USAGE for too many words */
export function searchFor(work: Work, { choice, query, all }: Visit, asker: Asker): Promise<SearchReport> {
  const words = query.split(/\s+/);
  const request = { source: choice.source, words, regex: false, limit: all ? SHOWN.all : SHOWN.best };
  return work.run('search', request, asker);
}

/** Finds everything about the visit's package. @throws AppError UNKNOWN_PACKAGE */
export async function packageFacts(
  work: Work,
  { choice, name }: Visit,
  { choices, asker }: { readonly choices: readonly Choice[]; readonly asker: Asker },
): Promise<{ readonly entry: PackageReport; readonly facts: PackageFacts }> {
  const { source } = choice;
  const found = required(await work.run('show', { source, packages: [name] }, asker), 0);
  const shown = { ...found, packages: found.packages.map(withoutPlace) };
  const entry = required(shown.packages, 0);
  const own = { choice, packages: shown.packages.filter((other) => other.name === entry.name) };
  const others = choices.filter((other) => other.distro === choice.distro && other.id !== choice.id);
  const [depends, dependents, ...versions] = await Promise.all([
    work.run('depends', { source, packages: [entry.name], optional: true }, asker),
    work.run('dependents', { source, name: entry.name, depth: 1, optional: false }, asker),
    ...others.map((other) => versionsIn(work, other, { name: entry.name, asker })),
  ]);
  return { entry, facts: { shown, depends, dependents, versions: [own, ...versions] } };
}

/** Hides where on this machine a repository is. */
function withoutPlace(entry: PackageReport): PackageReport {
  return entry.url.includes('://') ? entry : { ...entry, url: basename(entry.url) };
}

/** Finds a package in another release. What takes too long goes on, so that it is known when it is asked for again. */
async function versionsIn(
  work: Work,
  choice: Choice,
  { name, asker }: { readonly name: string; readonly asker: Asker },
): Promise<VersionRow> {
  const patient = { ...asker, signal: new AbortController().signal };
  const request = { source: choice.source, packages: [name] };
  const found = work.run('show', request, patient).then(
    ([shown]) => shown?.packages.filter((entry) => entry.name === name).map(withoutPlace),
    (error: unknown) => (isAppError(error, 'UNKNOWN_PACKAGE') ? [] : undefined),
  );
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(timer.resolve, VERSIONS_MS, undefined);
  const packages = await Promise.race([found, timer.promise]);
  clearTimeout(timeout);
  return { choice, packages };
}
