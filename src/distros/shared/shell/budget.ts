import { undecided } from './undecided.ts';

/**
 * What a script may cost: a command 100 and 100 for each character of its arguments, a value its characters, a match
 * the product of its lengths. Real scripts (a loop over some hundred directories) stay below a tenth; all of it is
 * spent in about a second.
 */
const BUDGET = 10_000_000;
/** The cost of a command, and of each character of its arguments. */
export const COMMAND_COST = 100;

/** What a script and its substitutions may still spend. */
export class Budget {
  #remaining = BUDGET;

  /** @throws Undecided where nothing remains */
  spend(cost: number): void {
    this.#remaining -= cost;
    if (this.#remaining < 0) undecided('a script that does too much');
  }
}
