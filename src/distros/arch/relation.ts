import { compareVersions } from './version.ts';

const OPERATORS = ['=', '<', '>', '<=', '>='] as const;

/** Operator of a relation; empty: any version. */
export type Operator = '' | (typeof OPERATORS)[number];

/** Returns whether a text is an operator of a requirement. */
export function isOperator(text: string): text is (typeof OPERATORS)[number] {
  return (OPERATORS as readonly string[]).includes(text);
}

/** A requirement or a provision: `name`, `name>=1.2`, `libfoo.so=1-64`. */
export interface Relation {
  readonly name: string;
  readonly operator: Operator;
  /** Empty if there is no operator */
  readonly version: string;
}

/** The parts of a package that may meet a relation. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly provides: readonly string[];
}

/**
 * Parses a relation as libalpm does (alpm_dep_from_string): it looks for `<`, then `>`, then `=`, anywhere in the text; `: `
 * starts a description (optdepends).
 */
export function parseRelation(text: string): Relation {
  const description = text.indexOf(': ');
  const relation = description < 0 ? text : text.slice(0, description);
  for (const sign of ['<', '>', '='] as const) {
    const position = relation.indexOf(sign);
    if (position < 0) continue;
    const orEqual = sign !== '=' && relation[position + 1] === '=';
    return {
      name: relation.slice(0, position),
      operator: orEqual ? `${sign}=` : sign,
      version: relation.slice(position + (orEqual ? 2 : 1)),
    };
  }
  return { name: relation, operator: '', version: '' };
}

/** Returns a relation as libalpm writes it, without a description. */
export function relationText({ name, operator, version }: Relation): string {
  return `${name}${operator}${version}`;
}

/** Returns a relation on the same name for any version. */
export function withoutVersion({ name }: Relation): Relation {
  return { name, operator: '', version: '' };
}

/** Parses each relation once: index entries repeat `glibc` thousands of times. */
export class RelationCache {
  readonly #parsed = new Map<string, Relation>();

  get(text: string): Relation {
    let relation = this.#parsed.get(text);
    if (relation === undefined) {
      relation = parseRelation(text);
      this.#parsed.set(text, relation);
    }
    return relation;
  }

  /** Returns whether a package meets the relation by its own name or by a provide. */
  satisfies(candidate: Candidate, wanted: Relation): boolean {
    return satisfiesByName(candidate, wanted) || this.satisfiesByProvision(candidate.provides, wanted);
  }

  /**
   * Returns whether provides meet a requirement: without a version, any provide of the name does; with one, only `name=version`.
   */
  satisfiesByProvision(provides: readonly string[], wanted: Relation): boolean {
    for (const text of provides) {
      if (!text.startsWith(wanted.name)) continue;
      const provision = this.get(text);
      if (provision.name !== wanted.name) continue;
      if (wanted.operator === '') return true;
      if (provision.operator === '=' && versionMatches(provision.version, wanted)) return true;
    }
    return false;
  }
}

/** Returns whether a package meets the relation by its own name and version. */
export function satisfiesByName(candidate: Candidate, wanted: Relation): boolean {
  return candidate.name === wanted.name && versionMatches(candidate.version, wanted);
}

/** Returns whether a version meets a relation's operator (libalpm dep_vercmp). */
export function versionMatches(version: string, wanted: Pick<Relation, 'operator' | 'version'>): boolean {
  if (wanted.operator === '') return true;
  const order = compareVersions(version, wanted.version);
  switch (wanted.operator) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
  }
}
