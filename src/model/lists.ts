/*
 * Functions in place of spread arguments, for lists of any length: a call with more than about 120,000 arguments throws a
 * RangeError. test/layers.test.ts forbids spread arguments.
 */

/** Appends `items` to `list`. */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}

/** Returns the largest of the numbers, or `least` if that is larger. */
export function largest(numbers: Iterable<number>, least = 0): number {
  let found = least;
  for (const number of numbers) if (number > found) found = number;
  return found;
}
