import { undecided } from './undecided.ts';

/** Variables that change what the shell itself does, or that it sets. */
const SPECIAL =
  /^(?:IFS|PATH|PWD|OLDPWD|HOME|ENV|CDPATH|OPT[A-Z]*|PS[0-9]|PPID|LINENO|RANDOM|SECONDS|UID|EUID|GROUPS|SHELLOPTS|POSIX.*|FUNC.*|GLOB.*|DIRSTACK|EXECIGNORE|TMOUT|BASH.*|COMP.*|HIST.*|LD_.*|LC_.*|LANG|_)$/;

/** The variables that a script has set, with the local ones of the functions that run. */
export class Variables {
  readonly #values: Map<string, string>;
  /** By running function, innermost last: the names that it declared local, with what they were before */
  readonly #scopes: Map<string, string | undefined>[] = [];

  constructor(values: Iterable<readonly [string, string]> = []) {
    this.#values = new Map(values);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** @throws Undecided for a variable that changes the shell */
  assign(name: string, value: string): void {
    if (SPECIAL.test(name)) undecided(`sets ${name}`);
    this.#values.set(name, value);
  }

  /** The same variables in a shell of their own, where no function runs. */
  copy(): Variables {
    return new Variables(this.#values);
  }

  get isInFunction(): boolean {
    return this.#scopes.length > 0;
  }

  enterFunction(): void {
    this.#scopes.push(new Map());
  }

  /** Gives local variables the values that they had outside. */
  leaveFunction(): void {
    for (const [name, before] of this.#scopes.pop() ?? []) {
      if (before === undefined) this.#values.delete(name);
      else this.#values.set(name, before);
    }
  }

  /** @throws Undecided outside of a function */
  declareLocal(name: string): void {
    const scope = this.#scopes.at(-1) ?? undecided('local outside of a function');
    if (!scope.has(name)) scope.set(name, this.#values.get(name));
  }
}
