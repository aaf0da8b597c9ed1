import { AppError } from '../../model/app-error.ts';
import type { CatalogPackage, PackageSource } from '../../model/package.ts';
import { parseRelation, type Relation } from './relation.ts';
import {
  type Candidate,
  type Dependency,
  type NameState,
  newName,
  type Provide,
  type Provider,
} from './solver-model.ts';

/** All of Alpine has 200,000 names; reaching this means a source that never ends. */
const MAX_NAMES = 2_000_000;

/** Names and packages as they are needed, each read from the source once. */
export class Discovery {
  readonly #source: PackageSource;
  readonly #architecture: string;
  readonly #names = new Map<string, NameState>();
  readonly #candidates = new Map<string, Candidate>();

  constructor(source: PackageSource, architecture: string) {
    this.#source = source;
    this.#architecture = architecture;
  }

  name(text: string): NameState {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) {
      throw new AppError('LIMIT', `solver: expected at most ${MAX_NAMES} names, got more`);
    }
    const name = newName(text);
    this.#names.set(text, name);
    return name;
  }

  /** Fills `name.providers`; the packages that were not known before. */
  readProviders(name: NameState): readonly Candidate[] {
    if (name.read) return [];
    name.read = true;
    const own = this.#source.byName(name.name);
    const others = this.#source.providers(name.name);
    const fresh: Candidate[] = [];
    const providers: Provider[] = [];
    const seen = new Set<Candidate>();
    for (const entry of others.length === 0 ? own : inOrder([...own, ...others])) {
      const candidate = this.#candidate(entry, fresh);
      if (seen.has(candidate)) continue;
      seen.add(candidate);
      if (candidate.name === name) providers.push({ candidate, version: candidate.package.version });
      for (const provide of candidate.provides) {
        if (provide.name === name) providers.push({ candidate, version: provide.version });
      }
    }
    name.providers = providers;
    return fresh;
  }

  /** Names that installing `name` may bring in by install_if. */
  readInstallIf(name: NameState): readonly NameState[] {
    if (name.installIfRead) return [];
    name.installIfRead = true;
    return [...new Set(this.#source.installIf(name.name).map((entry) => this.name(entry.name)))];
  }

  #candidate(entry: CatalogPackage, fresh: Candidate[]): Candidate {
    const key = entry.checksum === '' ? `#${entry.id}` : `${entry.checksum} ${entry.name}`;
    const known = this.#candidates.get(key);
    if (known !== undefined) {
      known.tags.add(entry.tag);
      known.tagOk ||= entry.tag === '';
      known.tagPreferred ||= entry.tag === '';
      return known;
    }
    const candidate: Candidate = {
      package: entry,
      name: this.name(entry.name),
      depends: [],
      provides: [],
      installIf: [],
      tags: new Set([entry.tag]),
      allowedTags: new Set(['']),
      tagPreferred: entry.tag === '',
      tagOk: entry.tag === '',
      selectable: true,
      conflicts: 0,
      settled: false,
      constraintsApplied: false,
      installIfTriggered: false,
      installIfFailed: false,
      disqualified: '',
      failed: false,
    };
    this.#candidates.set(key, candidate);
    this.#link(candidate);
    fresh.push(candidate);
    return candidate;
  }

  #link(candidate: Candidate): void {
    const { package: entry } = candidate;
    const depends = this.#relations(entry.depends);
    const installIf = this.#relations(entry.installIf);
    candidate.depends = depends.list;
    candidate.provides = entry.provides.flatMap((text): Provide[] => {
      const relation = parseRelation(text);
      return relation === null ? [] : [{ name: this.name(relation.name), version: relation.version }];
    });
    candidate.installIf = installIf.broken ? [] : installIf.list;
    candidate.installIfFailed = candidate.installIf.length === 0;
    candidate.disqualified = this.#uninstallable(entry, depends.broken);
    candidate.selectable = candidate.disqualified === '';
    candidate.name.providers.push({ candidate, version: entry.version });
    for (const { name, version } of candidate.provides) name.providers.push({ candidate, version });
    const goesBy = new Set([candidate.name, ...candidate.provides.map((provide) => provide.name)]);
    for (const alias of goesBy) {
      for (const { name } of candidate.depends) name.reverseDepends.add(alias);
      for (const { name } of candidate.installIf) name.reverseInstallIf.add(alias);
    }
  }

  #uninstallable(entry: CatalogPackage, broken: string): string {
    if (broken !== '') return `it depends on ${broken}, which is not a version apk accepts`;
    const { architecture } = entry;
    if (architecture !== '' && architecture !== 'noarch' && architecture !== this.#architecture) {
      return `it is built for ${architecture}, not ${this.#architecture}`;
    }
    const letter = Object.keys(entry.extra).find((key) => /^[A-Z]$/.test(key));
    return letter === undefined ? '' : `its index entry has a field ${letter}: that needs a newer tool`;
  }

  #relations(texts: readonly string[]): { list: Dependency[]; broken: string } {
    let broken = '';
    const list: Dependency[] = [];
    for (const text of texts) {
      const relation: Relation | null = parseRelation(text);
      if (relation === null || relation.broken) broken = text;
      else list.push({ relation, name: this.name(relation.name) });
    }
    return { list, broken };
  }
}

function inOrder(packages: CatalogPackage[]): CatalogPackage[] {
  return packages.sort((a, b) => a.repositoryRank - b.repositoryRank || a.ordinal - b.ordinal);
}
