import { AppError } from '../../../model/app-error.ts';
import type { RelatedPackage } from '../../../model/package.ts';
import { whyUnusable } from '../../../model/unusable.ts';
import { checksumBytes } from '../checksum.ts';
import type { SolverRules } from '../rules.ts';
import { Discovery3 } from './discovery.ts';
import { EMPTY, FOREIGN_ARCHITECTURE, type Graph, UNINSTALLABLE } from './graph.ts';
import { assemble, type Parts } from './graph-assemble.ts';
import { type Draft, Numbers, Relations } from './graph-draft.ts';

/** Repositories are bits of a word, as in apk, whose own maximum is lower. */
const MAX_REPOSITORIES = 32;
/** All releases of Alpine together have about 500,000 packages. */
const MAX_PACKAGES = 4_000_000;

/** Input for a graph. */
export interface GraphInput {
  /** In the order of repositories and their indexes */
  readonly packages: Iterable<RelatedPackage>;
  /** The distribution's word; packages for another architecture cannot be installed. */
  readonly architecture: string;
  readonly rules: SolverRules;
  /** Names that apk knows before it reads a repository: those of world */
  readonly firstNames?: readonly string[];
}

/**
 * Builds the graph of a set of packages. Packages with the same checksum become one, whichever repositories have them.
 * @throws AppError LIMIT for more repositories or packages than a graph can hold
 */
export function buildGraph({ packages, architecture, rules, firstNames = [] }: GraphInput): Graph {
  const names = new Numbers();
  const versions = new Numbers();
  versions.of('');
  const relations = new Relations(names, versions, rules);
  const drafts: Draft[] = [];
  const byChecksum = new Map<string, Draft>();
  for (const name of firstNames) names.of(name);
  for (const entry of packages) {
    if (entry.repositoryRank >= MAX_REPOSITORIES || drafts.length >= MAX_PACKAGES) {
      throw new AppError(
        'LIMIT',
        `solver: expected at most ${MAX_REPOSITORIES} repositories and ${MAX_PACKAGES} packages, got more`,
      );
    }
    const draft = toDraft(entry, relations, architecture);
    const identity = checksumBytes(entry.checksum);
    const known = identity === '' ? undefined : byChecksum.get(identity);
    if (known !== undefined) {
      known.repositories |= draft.repositories;
      continue;
    }
    drafts.push(draft);
    if (identity !== '') byChecksum.set(identity, draft);
  }
  const met = Int32Array.from(names.texts, (_, name) => name);
  const parts: Parts = { drafts, names: names.texts, met, relations, versions: versions.texts };
  const graph = assemble(inWalkOrder(parts, assemble(parts)));
  return rules.order === 'tiers' ? graph : { ...graph, ...ONLY_FOR_TIERS };
}

const NONE = new Int32Array(0);
/** Sections that only the walk of apk 3 reads (Discovery3). Left empty, they make graphs of apk 2 a seventh smaller. */
const ONLY_FOR_TIERS = {
  ...{ heardStart: NONE, heard: NONE, nameFlags: NONE },
  ...{ plainStart: NONE, plain: NONE, plainLeft: NONE },
};

/**
 * Renumbers the names in the order in which a walk of everything leaves them: neighbours in a walk are then neighbours in memory,
 * which makes walks a quarter faster.
 */
function inWalkOrder({ drafts, names, relations, versions }: Parts, graph: Graph): Parts {
  const discovery = new Discovery3(graph);
  discovery.discover([...new Set(graph.packageName)]);
  const { order } = discovery;
  const old = Int32Array.from(names, (_, name) => name).sort(
    (a, b) => (order[a] || Infinity) - (order[b] || Infinity) || a - b,
  );
  const numbers = new Int32Array(names.length);
  old.forEach((name, number) => {
    numbers[name] = number;
  });
  const numberOf = (name: number): number => numbers[name] as number;
  return {
    drafts: drafts.map((draft) => ({
      ...draft,
      name: numberOf(draft.name),
      provides: draft.provides.map(({ name, version }) => ({ name: numberOf(name), version })),
    })),
    names: Array.from(old, (name) => names[name] as string),
    met: numbers,
    relations: { ...relations, name: relations.name.map(numberOf) },
    versions,
  };
}

/**
 * Unknown fields that are not lower-case letters, which mean that a newer apk is needed; the fields of an installed database are
 * known (apk-tools `package.c` apk_pkgtmpl_add_info).
 */
const NEEDS_NEWER = /^[^a-zFMRZ]$/;

function toDraft(entry: RelatedPackage, relations: Relations, architecture: string): Draft {
  const { names, versions } = relations;
  const name = names.of(entry.name);
  const depends = relations.list(entry.depends);
  const provides = relations.list(entry.provides);
  const installIf = relations.list(entry.installIf);
  const { readsOn } = relations.rules;
  const foreign = !readsOn && !['', 'noarch', architecture].includes(entry.architecture);
  const newer = !readsOn && Object.keys(entry.extra).some((key) => NEEDS_NEWER.test(key));
  return {
    name,
    version: versions.of(entry.version),
    rank: entry.repositoryRank,
    ordinal: entry.ordinal,
    // Installed packages have rank -1, that is no repository.
    repositories: entry.repositoryRank < 0 ? 0 : 1 << entry.repositoryRank,
    flags:
      (depends.broken || foreign || newer || whyUnusable(entry) !== undefined ? UNINSTALLABLE : 0) |
      (entry.installedSizeBytes === 0 ? EMPTY : 0) |
      (foreign ? FOREIGN_ARCHITECTURE : 0),
    priority: entry.providerPriority,
    depends: depends.ids,
    provides: provides.ids.map((id) => relations.provided(id)),
    installIf: installIf.broken ? [] : installIf.ids,
  };
}
