import { undecided } from './undecided.ts';

/**
 * Limit for the cost of a script: a command costs 100 and another 100 for each character of its arguments, a value its
 * characters, a match the product of the lengths. Real scripts (a loop over some hundred directories) need less than a tenth; the
 * whole budget takes about a second.
 */
const BUDGET = 10_000_000;
/** Cost of a command, and of each character of its arguments. */
export const COMMAND_COST = 100;

/** Remaining budget of a script and its substitutions. */
export class Budget {
  #remaining = BUDGET;

  /** Spends a cost. @throws Undecided when the budget is exceeded */
  spend(cost: number): void {
    this.#remaining -= cost;
    if (this.#remaining < 0) undecided('a script that does too much');
  }
}
