import type { IndexPackage } from '../../../src/model/package.ts';

/** Targets as `apk add` takes them. */
export type Targets = readonly string[];

/** mulberry32: the same numbers from the same seed, everywhere. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Requests of every kind that an index can answer or refuse, the same for the same packages and seed. */
export function seededRequests(packages: readonly IndexPackage[], seed: number, count: number): Targets[] {
  const random = randomNumbers(seed);
  const maker = new RequestMaker(packages, random);
  const total = KINDS.reduce((sum, [weight]) => sum + weight, 0);
  return Array.from({ length: count }, () => {
    let left = random() * total;
    const kind = KINDS.find(([weight]) => {
      left -= weight;
      return left < 0;
    });
    const [, make] = kind ?? KINDS[0];
    return make(maker);
  });
}

type Kind = readonly [weight: number, make: (maker: RequestMaker) => Targets];

const KINDS: readonly [Kind, ...Kind[]] = [
  [22, (maker) => [maker.name()]],
  [17, (maker) => [maker.provided()]],
  [4, (maker) => [maker.virtual()]],
  [13, (maker) => maker.names(2, 10)],
  [5, (maker) => maker.names(11, 50)],
  [2, (maker) => maker.names(51, 200)],
  [6, (maker) => [...maker.names(1, 4), maker.provided(), maker.virtual()]],
  [11, (maker) => [maker.constraint(), ...maker.names(0, 2)]],
  [4, (maker) => [maker.constraint(), maker.constraint(), ...maker.names(0, 4)]],
  [6, (maker) => maker.without()],
  [6, (maker) => maker.triggers()],
  [3, (maker) => maker.rivals()],
  [1, (maker) => [maker.missing(), ...maker.names(0, 3)]],
  [1, (maker) => [maker.broken(), ...maker.names(0, 1)]],
  [1, (maker) => maker.twice()],
];

class RequestMaker {
  readonly #packages: readonly IndexPackage[];
  readonly #random: () => number;
  readonly #provided: readonly string[];
  readonly #virtual: readonly string[];
  readonly #ruled: readonly IndexPackage[];
  /** Names that several packages provide, each with its providers */
  readonly #shared: readonly (readonly string[])[];

  constructor(packages: readonly IndexPackage[], random: () => number) {
    this.#packages = packages;
    this.#random = random;
    const providers = new Map<string, Set<string>>();
    for (const { name, provides } of packages) {
      for (const text of provides) {
        const provided = nameOf(text);
        const known = providers.get(provided) ?? new Set();
        providers.set(provided, known.add(name));
      }
    }
    this.#provided = [...providers.keys()].sort();
    this.#virtual = this.#provided.filter((name) => !/^(so|cmd|pc|py3\.\d+):/.test(name));
    this.#shared = this.#provided
      .map((name) => [...(providers.get(name) ?? [])])
      .filter((names) => names.length > 1);
    this.#ruled = packages.filter(({ installIf }) => installIf.length > 0);
  }

  #number(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  name(): string {
    return this.#one(this.#packages).name;
  }

  names(from: number, to: number): Targets {
    return Array.from({ length: this.#number(from, to) }, () => this.name());
  }

  provided(): string {
    return this.#one(this.#provided);
  }

  virtual(): string {
    return this.#one(this.#virtual);
  }

  /** A version near the package's own, with any operator */
  constraint(): string {
    const { name, version, provides } = this.#one(this.#packages);
    const [text, own] =
      provides.length > 0 && this.#random() < 0.4
        ? splitAt(this.#one(provides), version)
        : ([name, version] as const);
    const near = this.#one([
      own,
      own,
      own.replace(/-r\d+$/, ''),
      own.replace(/[._-][^._-]*$/, ''),
      '1',
      '99',
      `${own}0`,
    ]);
    return `${text}${this.#one(['=', '=', '<', '>', '<=', '>=', '~', '>~', '<~', '~='])}${near}`;
  }

  /** A package without something that it, or what it needs, depends on */
  without(): Targets {
    const { name, depends } = this.#one(this.#packages);
    const unwanted = depends.length > 0 && this.#random() < 0.6 ? nameOf(this.#one(depends)) : this.name();
    const negated =
      this.#random() < 0.5
        ? `!${unwanted}`
        : `!${unwanted}${this.#one(['<', '>', '=', '~', '>='])}${this.#number(0, 3)}`;
    return this.#random() < 0.5 ? [name, negated] : [negated, name, ...this.names(0, 5)];
  }

  /** All that a rule of install_if asks for, with or without the package, or against it */
  triggers(): Targets {
    const { name, installIf } = this.#one(this.#ruled);
    const rule = installIf.map(nameOf).filter((text) => text !== '');
    const others = this.#one([
      ['docs'],
      ['bash-completion'],
      ['docs', 'zsh', 'fish'],
      ['openrc'],
      [],
      ['mandoc', 'docs'],
    ]);
    const against = this.#random() < 0.2 ? [`!${name}`] : [];
    return [...rule, ...others, ...against, ...this.names(0, 3)];
  }

  /** Packages that provide the same name: some may stand together, most may not */
  rivals(): Targets {
    const names = this.#one(this.#shared);
    return [this.#one(names), this.#one(names), ...(this.#random() < 0.3 ? this.names(1, 3) : [])];
  }

  missing(): string {
    return this.#one([
      'no-such-package',
      'so:libnone.so.9',
      'cmd:none',
      'pc:none',
      '!no-such-package',
      `${this.name()}-none`,
    ]);
  }

  /** One name with two terms: the last one counts */
  twice(): Targets {
    const { name, version } = this.#one(this.#packages);
    const terms = [name, `${name}=${version}`, `${name}<1`, `${name}>${version}`, `!${name}`];
    return [this.#one(terms), ...this.names(0, 2), this.#one(terms)];
  }

  /** What apk cannot read, or reads otherwise than it looks */
  broken(): string {
    const name = this.name();
    return this.#one([
      `${name}=`,
      `${name}=x`,
      `${name}>1.0_zeta`,
      `${name}@edge`,
      `!${name}=1.a`,
      `${name}=1~ab`,
      `${name}><1`,
      `${name}=>1`,
    ]);
  }
}

function nameOf(term: string): string {
  return /^!?([^<>=~]*)/.exec(term)?.[1] ?? '';
}

function splitAt(term: string, fallback: string): readonly [name: string, version: string] {
  const name = nameOf(term);
  const version = term.slice(name.length).replace(/^[<>=~]+/, '');
  return [name, version === '' ? fallback : version];
}
