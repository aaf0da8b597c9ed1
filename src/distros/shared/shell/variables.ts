import { undecided } from './undecided.ts';

/** Variables that change the shell's own behaviour, or that the shell sets. */
const SPECIAL =
  /^(?:IFS|PATH|PWD|OLDPWD|HOME|ENV|CDPATH|OPT[A-Z]*|PS[0-9]|PPID|LINENO|RANDOM|SECONDS|UID|EUID|GROUPS|SHELLOPTS|POSIX.*|FUNC.*|GLOB.*|DIRSTACK|EXECIGNORE|TMOUT|BASH.*|COMP.*|HIST.*|LD_.*|LC_.*|LANG|_)$/;

/** Variables that a script has set, with the local ones of running functions. */
export class Variables {
  readonly #values: Map<string, string>;
  /** For each running function, innermost last: names that it declared local → their values before */
  readonly #scopes: Map<string, string | undefined>[] = [];

  constructor(values: Iterable<readonly [string, string]> = []) {
    this.#values = new Map(values);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Sets a variable. @throws Undecided for one that changes the shell's behaviour */
  assign(name: string, value: string): void {
    if (SPECIAL.test(name)) undecided(`sets ${name}`);
    this.#values.set(name, value);
  }

  /** Returns a copy for a separate shell in which no function runs. */
  copy(): Variables {
    return new Variables(this.#values);
  }

  get isInFunction(): boolean {
    return this.#scopes.length > 0;
  }

  enterFunction(): void {
    this.#scopes.push(new Map());
  }

  /** Restores the values that local variables had outside. */
  leaveFunction(): void {
    for (const [name, before] of this.#scopes.pop() ?? []) {
      if (before === undefined) this.#values.delete(name);
      else this.#values.set(name, before);
    }
  }

  /** Declares a local variable. @throws Undecided outside of a function */
  declareLocal(name: string): void {
    const scope = this.#scopes.at(-1) ?? undecided('local outside of a function');
    if (!scope.has(name)) scope.set(name, this.#values.get(name));
  }
}
