import { parseRelation, type Relation } from '../relation.ts';
import { BROKEN, CONFLICT } from './graph.ts';

/** A package on its way into a graph: names, versions and relations are numbered as they are met. */
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

/** Texts by number, in the order they were first met. */
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

export class Relations {
  readonly names: Numbers;
  readonly versions: Numbers;
  readonly name: number[] = [];
  readonly operator: number[] = [];
  readonly version: number[] = [];
  readonly #ids = new Map<string, number>();

  constructor(names: Numbers, versions: Numbers) {
    this.names = names;
    this.versions = versions;
  }

  /** apk stops reading a list at a term that is none; `broken` also says that a version in it is not valid. */
  list(texts: readonly string[]): { ids: readonly number[]; broken: boolean } {
    const ids: number[] = [];
    let broken = false;
    for (const text of texts) {
      const id = this.#id(text);
      if (id < 0) return { ids, broken: true };
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
    const relation = parseRelation(text);
    const id = relation === null || relation.tag !== '' ? -1 : this.#add(relation);
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
