import { parseRelation, type Relation } from '../relation.ts';
import type { SolverRules } from '../rules.ts';
import { BROKEN, CONFLICT } from './graph.ts';

/** A package of a graph being built: names, versions and relations are numbers, assigned in the order in which they are met. */
export interface Draft {
  readonly name: number;
  readonly version: number;
  readonly rank: number;
  readonly ordinal: number;
  repositories: number;
  readonly flags: number;
  readonly priority: number;
  readonly depends: readonly number[];
  readonly provides: readonly { readonly name: number; readonly version: number }[];
  readonly installIf: readonly number[];
}

/** Numbers for texts, in the order in which they are first met. */
export class Numbers {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.texts.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }
}

/** Relations of a graph being built; equal texts have the same number. */
export class Relations {
  readonly names: Numbers;
  readonly versions: Numbers;
  readonly rules: SolverRules;
  readonly name: number[] = [];
  readonly operator: number[] = [];
  readonly version: number[] = [];
  readonly #ids = new Map<string, number>();

  constructor(names: Numbers, versions: Numbers, rules: SolverRules) {
    this.names = names;
    this.versions = versions;
    this.rules = rules;
  }

  /**
   * Reads a list up to the first text that is not a term, as apk does. `broken`: whether there was such a text or an invalid
   * version; false for apk 2.
   */
  list(texts: readonly string[]): { ids: readonly number[]; broken: boolean } {
    const ids: number[] = [];
    let broken = false;
    for (const text of texts) {
      const id = this.#id(text);
      if (id < 0) return { ids, broken: !this.rules.readsOn };
      broken ||= ((this.operator[id] as number) & BROKEN) !== 0;
      ids.push(id);
    }
    return { ids, broken };
  }

  provided(id: number): { name: number; version: number } {
    return { name: this.name[id] as number, version: this.version[id] as number };
  }

  #id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const { rules } = this;
    const relation = parseRelation(text, rules);
    const isRead =
      relation !== null && (relation.tag === '' || rules.lenientTerms) && !(relation.broken && rules.readsOn);
    const id = isRead ? this.#add(relation) : -1;
    this.#ids.set(text, id);
    return id;
  }

  #add({ name, conflict, operator, version, broken }: Relation): number {
    this.name.push(this.names.of(name));
    this.operator.push(operator | (conflict ? CONFLICT : 0) | (broken ? BROKEN : 0));
    this.version.push(this.versions.of(version));
    return this.name.length - 1;
  }
}
