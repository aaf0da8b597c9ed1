/** A step of a recursive walk, which yields the steps below it to `drive`, so that no chain overflows the stack. */
export type Steps = Generator<Steps, void, void>;

/** Runs a walk to its end, depth first, on a stack of its own. */
export function drive(all: Steps): void {
  const stack = [all];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { done, value } = top.next();
    if (done === true) stack.pop();
    else stack.push(value);
  }
}
