import { runInNewContext } from 'node:vm';
import { AppError } from '../../model/app-error.ts';

/** A harmless expression over the names of all of Alpine takes 50 ms; one that backtracks could take forever. */
const BUDGET_MS = 2000;

/**
 * Returns, for each list, the indexes of the texts that the ECMAScript expression matches, ignoring case. JavaScript's matcher
 * backtracks, so it runs under node:vm's timeout, which can end it in the middle of a match.
 * @throws AppError USAGE for an invalid expression, LIMIT if it takes too long
 */
export function filterByExpression(
  source: string,
  lists: readonly (readonly string[])[],
): readonly (readonly number[])[] {
  const expression = compile(source);
  try {
    return runInNewContext(
      'lists.map((list) => list.flatMap((text, index) => (expression.test(text) ? [index] : [])))',
      { lists, expression },
      { timeout: BUDGET_MS },
    ) as number[][];
  } catch (error) {
    // V8 gives up if a match needs too much memory or stack.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT' && (error as Error).name !== 'RangeError') throw error;
    throw new AppError(
      'LIMIT',
      `${JSON.stringify(source)}: the expression takes more than ${BUDGET_MS / 1000} s`,
      {
        hint: 'Avoid repetitions inside repetitions, such as (a+)+, or search for plain words.',
        cause: error,
      },
    );
  }
}

function compile(source: string): RegExp {
  try {
    return new RegExp(source, 'i');
  } catch (error) {
    throw new AppError('USAGE', `${JSON.stringify(source)}: ${(error as Error).message}`, {
      hint: 'Leave --regex out to search for plain text or globs.',
    });
  }
}
