import { SETTINGS } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import { parseJson } from '../../model/json.ts';
import { printable } from '../../model/printable.ts';
import type { PlanAnswer, Planner } from '../../model/request.ts';
import { limitYoungGeneration } from '../../model/young-generation.ts';
import { BATCH_OPTION } from '../args/query-options.ts';
import { BASE_OPTION, SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand, type Result } from '../command.ts';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.ts';
import { nameLines } from '../print.ts';
import { MAX_LINE_CHARS, readLines } from '../render/lines.ts';

const packagesOf = SETTINGS.find((setting) => setting.key === 'packages')!;

/** Returns the packages of a query, or what is wrong with the line. */
function readQuestion(line: string): readonly string[] | { readonly wrong: string } {
  const wrong = (got: string): { readonly wrong: string } => ({
    wrong: `expected {"add":["NAME",…]}, got ${got}`,
  });
  if (line.length > MAX_LINE_CHARS) return wrong(`a line of more than ${MAX_LINE_CHARS} characters`);
  let question: unknown;
  try {
    question = parseJson(line, 'the line');
  } catch {
    return wrong(JSON.stringify(line.slice(0, 80)));
  }
  const { add, ...others } = (question ?? {}) as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) return wrong(`a key ${JSON.stringify(other)}`);
  if (!Array.isArray(add) || add.some((name) => typeof name !== 'string' || name === '')) {
    return wrong(JSON.stringify(add)?.slice(0, 80) ?? 'no "add"');
  }
  return add as string[];
}

/** Writes one answer per line, in the order of the queries; a malformed query is answered with what is wrong with it. */
function batch(planner: Planner, input: AsyncIterable<Uint8Array>): Result {
  let exitCode = EXIT_OK;
  const answerLine = (line: string): string => {
    const question = readQuestion(line);
    let answer: PlanAnswer;
    if ('wrong' in question) {
      exitCode = EXIT_CODES.USAGE;
      answer = { add: [], error: [question.wrong] };
    } else answer = planner.plan(question);
    return `${printable(JSON.stringify(answer))}\n`;
  };
  async function* chunks(): AsyncGenerator<string> {
    try {
      for await (const lines of readLines(input)) {
        for (const line of lines) if (line.trim() !== '') yield answerLine(line);
      }
    } finally {
      planner.close();
    }
  }
  return { kind: 'stream', chunks: chunks(), exitCode: () => exitCode };
}

export const command = defineCommand({
  name: 'plan',
  argument: 'PKG…',
  group: 'Images',
  summary: 'Show what would be installed, and how large it is',
  arguments: {
    describe: 'PKG: gcc, "git>2.40", git@edge, core/bash',
    complete: 'package',
  },
  argumentWith: ({ batch }) => (batch ? '' : 'PKG…'),
  options: { ...BATCH_OPTION, ...BASE_OPTION, ...SOURCE_OPTIONS },
  examples: [
    ['compose plan git', 'git and its dependencies, in install order'],
    ['compose plan bash --distro arch --json', 'for another program to read'],
    ['compose plan --batch <questions.jsonl', 'a JSON answer for each line {"add":["gcc"]}'],
  ],
  async run({ settings, options, args, app, input }) {
    const source = sourceFrom({ settings, options });
    if (options.batch) {
      if (settings.base !== undefined && settings.base !== 'none') {
        throw new AppError('USAGE', `compose plan: --base ${settings.base} cannot be combined with --batch`, {
          hint: 'Add the base packages to the queries: answers are what the package manager would install.',
          details: { expected: 'none', got: settings.base },
        });
      }
      // Answers need a few hundred KiB, and what stays in the processor's caches is faster.
      limitYoungGeneration();
      return batch(await app.planner(source), input());
    }
    const { packages = [] } = packagesOf.parse(args, 'package');
    const data = await app.plan({ source, packages, base: settings.base });
    const text = async () => (await import('../render/compose.ts')).renderPlan(data);
    const quietText = nameLines(data.packages.map(({ name, version }) => `${name}-${version}`));
    return { kind: 'answer', data, text, quietText };
  },
});
