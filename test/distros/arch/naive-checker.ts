/** What the checker knows of a package; versions are plain numbers. */
export interface Simple {
  readonly name: string;
  readonly version: string;
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  readonly conflicts: readonly string[];
}

const HOLDS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

function cut(text: string): { readonly name: string; readonly operator: string; readonly version: number } {
  const found = /^([^<>=]+)([<>=]*)(.*)$/.exec(text);
  return { name: found?.[1] ?? '', operator: found?.[2] ?? '', version: Number(found?.[3]) };
}

/** By definition, without the code under test: by its own name, or by a provision, for a version by `name=version`. */
export function meets(one: Simple, wanted: string): boolean {
  const { name, operator, version } = cut(wanted);
  const offers = [{ name: one.name, operator: '=', version: Number(one.version) }, ...one.provides.map(cut)];
  return offers.some(
    (offer) =>
      offer.name === name &&
      (operator === '' || (offer.operator === '=' && HOLDS[operator]?.(offer.version, version) === true)),
  );
}

/** `name: requirement` for each that nothing among `all` meets. */
export function unmet(of: readonly Simple[], all: readonly Simple[]): string[] {
  return of.flatMap(({ name, depends }) =>
    depends.filter((text) => !all.some((one) => meets(one, text))).map((text) => `${name}: ${text}`),
  );
}

export function conflictsAmong(all: readonly Simple[]): [string, string][] {
  return all.flatMap((one) =>
    all
      .filter((other) => other.name !== one.name && one.conflicts.some((text) => meets(other, text)))
      .map((other): [string, string] => [one.name, other.name]),
  );
}

/** Whether a package is among some, or needed by them directly or not. */
export function reaches(from: readonly Simple[], to: Simple, all: readonly Simple[]): boolean {
  const seen = new Set<Simple>(from);
  for (const one of seen) {
    if (one === to) return true;
    for (const text of one.depends) for (const next of all) if (meets(next, text)) seen.add(next);
  }
  return false;
}
