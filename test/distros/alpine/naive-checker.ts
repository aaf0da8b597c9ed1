/** What the checker knows of a package; versions are single digits. */
export interface Simple {
  readonly name: string;
  readonly version: string;
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  readonly installIf: readonly string[];
}

interface Term {
  readonly conflict: boolean;
  readonly name: string;
  readonly operator: string;
  readonly version: string;
}

function cut(text: string): Term {
  const found = /^(!?)([^<>=~@]+)(?:@[a-z]+)?([<>=~]*)(.*)$/.exec(text);
  const [, mark = '', name = '', operator = '', version = ''] = found ?? [];
  return { conflict: mark === '!', name, operator, version };
}

/** '' is a provide without a version, lower than any; of single digits `~` is `=`. */
function holds(version: string, { operator, version: wanted }: Term): boolean {
  if (operator === '') return true;
  const order = version === '' ? -1 : Number(version) - Number(wanted);
  if (order < 0) return operator.includes('<');
  return order > 0 ? operator.includes('>') : /[=~]/.test(operator);
}

/** A package's own name, and all it provides. */
function offersOf(one: Simple): { readonly name: string; readonly version: string }[] {
  return [{ name: one.name, version: one.version }, ...one.provides.map(cut)];
}

/** By definition, without the code under test. The `!` of a term does not count. */
export function meets(one: Simple, wanted: string): boolean {
  const term = cut(wanted);
  return offersOf(one).some(({ name, version }) => name === term.name && holds(version, term));
}

export function isConflict(term: string): boolean {
  return cut(term).conflict;
}

export function nameOf(term: string): string {
  return cut(term).name;
}

/** `name: requirement` of what does not hold among `all`. */
export function unmet(all: readonly Simple[]): string[] {
  return all.flatMap((one) =>
    one.depends.filter((term) => !termHolds(term, all, one)).map((term) => `${one.name}: ${term}`),
  );
}

/** Whether a term of `owner` (undefined: of world) holds among `all`. */
export function termHolds(term: string, all: readonly Simple[], owner?: Simple): boolean {
  const met = all.some((one) => (one !== owner || !isConflict(term)) && meets(one, term));
  return met !== isConflict(term);
}

/** Names that go by a version and have more than one provider. */
export function contested(all: readonly Simple[]): string[] {
  const offers = Map.groupBy(all.flatMap(offersOf), ({ name }) => name);
  return [...offers]
    .filter(([, list]) => list.length > 1 && list.some(({ version }) => version !== ''))
    .map(([name]) => name);
}

export interface Scope {
  readonly all: readonly Simple[];
  /** Every package of the repositories */
  readonly known: readonly Simple[];
}

/**
 * Packages of `all` that terms lead to: by dependencies; by conflicts, as apk first looks at the x that `!x>1` leaves
 * alone; by install_if rules whose terms all hold in `all`, where a rule of any known package makes apk look at whatever
 * was chosen under that package's names.
 */
export function reachedFrom(terms: readonly string[], { all, known }: Scope): Set<Simple> {
  const leads = (term: string, next: Simple): boolean =>
    isConflict(term) ? isNamed(next, nameOf(term)) : meets(next, term);
  const seen = new Set(all.filter((one) => terms.some((term) => leads(term, one))));
  for (const one of seen) {
    for (const next of all) if (one.depends.some((term) => leads(term, next))) seen.add(next);
    const watching = known.filter(({ installIf }) => installIf.some((term) => isNamed(one, nameOf(term))));
    for (const next of all) {
      const watched = watching.some((other) => offersOf(other).some(({ name }) => isNamed(next, name)));
      if (watched && next.installIf.every((term) => termHolds(term, all, next))) seen.add(next);
    }
  }
  return seen;
}

function isNamed(one: Simple, wanted: string): boolean {
  return offersOf(one).some(({ name }) => name === wanted);
}
