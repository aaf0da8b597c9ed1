import { AppError } from '../../model/app-error.ts';
import type { CatalogPackage, PackageSource } from '../../model/package.ts';
import { hashOrder } from './hash-order.ts';
import { parseRelation, type Relation } from './relation.ts';
import { type Candidate, type Dependency, type NameState, newName, type Provide } from './solver-model.ts';

/** All of Alpine has 200,000 names; reaching this means a source that never ends. */
const MAX_NAMES = 2_000_000;

/** Every name and package that the targets can lead to, read from the source once each. */
export class Discovery {
  readonly #source: PackageSource;
  readonly #architecture: string;
  readonly #names = new Map<string, NameState>();
  readonly #candidates = new Map<string, Candidate>();
  readonly #pending: NameState[] = [];

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

  /** Reads all that `roots` lead to; reverse lists are complete afterwards. */
  run(roots: readonly NameState[]): void {
    for (const root of roots) this.#enqueue(root);
    for (let at = 0; at < this.#pending.length; at += 1) {
      const name = this.#pending[at];
      if (name !== undefined) this.#discover(name);
    }
    for (const candidate of this.#candidates.values()) {
      candidate.tagOk = candidate.tags.has('');
      candidate.tagPreferred = candidate.tagOk;
    }
    for (const name of this.#names.values()) {
      name.reverseDepends = reverseOrder(name.reverseDepends);
      name.reverseInstallIf = reverseOrder(name.reverseInstallIf);
    }
  }

  #enqueue(name: NameState): void {
    if (name.discovered) return;
    name.discovered = true;
    this.#pending.push(name);
  }

  #discover(name: NameState): void {
    const own = this.#source.byName(name.name);
    const others = this.#source.providers(name.name);
    const packages = others.length === 0 ? own : inOrder([...own, ...others]);
    const seen = new Set<Candidate>();
    for (const entry of packages) {
      const candidate = this.#candidate(entry);
      if (seen.has(candidate)) continue;
      seen.add(candidate);
      if (candidate.name === name) name.providers.push({ candidate, version: candidate.package.version });
      for (const provide of candidate.provides) {
        if (provide.name === name) name.providers.push({ candidate, version: provide.version });
      }
      for (const dependency of candidate.depends) this.#enqueue(dependency.name);
      for (const term of candidate.installIf) this.#enqueue(term.name);
    }
    for (const entry of this.#source.installIf(name.name)) {
      this.#enqueue(this.#candidate(entry).name);
    }
  }

  #candidate(entry: CatalogPackage): Candidate {
    const key = entry.checksum === '' ? `#${entry.id}` : `${entry.checksum} ${entry.name}`;
    const known = this.#candidates.get(key);
    if (known !== undefined) {
      known.tags.add(entry.tag);
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
      tagPreferred: true,
      tagOk: true,
      selectable: true,
      conflicts: 0,
      constraintsApplied: false,
      installIfTriggered: false,
      installIfFailed: false,
      disqualified: '',
      failed: false,
    };
    this.#candidates.set(key, candidate);
    this.#link(candidate);
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
    const goesBy = new Set([candidate.name, ...candidate.provides.map((provide) => provide.name)]);
    for (const alias of goesBy) {
      for (const { name } of candidate.depends) name.reverseDepends.push(alias);
      for (const { name } of candidate.installIf) name.reverseInstallIf.push(alias);
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

function reverseOrder(names: readonly NameState[]): NameState[] {
  return names.length < 2 ? [...names] : hashOrder([...new Set(names)], (entry) => entry.name);
}
