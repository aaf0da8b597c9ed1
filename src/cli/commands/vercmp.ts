import type { VersionRules } from '../../app/query/compare-versions.ts';
import { sourceOptions } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import { toggle } from '../args/option.ts';
import { BATCH_OPTION } from '../args/query-options.ts';
import { DISTRO_OPTIONS } from '../args/source-options.ts';
import { defineCommand, type Result } from '../command.ts';
import { EXIT_CODES, EXIT_NO, EXIT_OK } from '../exit-codes.ts';
import { MAX_LINE_CHARS, readLines } from '../render/lines.ts';

interface Answer {
  /** For --json */
  readonly data: object;
  readonly text: string;
  /** False if the answer to a yes-or-no query is no */
  readonly holds: boolean;
}

/** What is wrong with a query. */
interface BadQuery {
  readonly expected: string;
  readonly got: string;
}

/** Answers `A B` with their order, and `A OP B` with whether it holds. */
function compare(rules: VersionRules, fields: readonly string[]): Answer | BadQuery {
  const [a = '', second = '', third] = fields;
  if (fields.length === 2) {
    const result = rules.order(a, second);
    return { data: { a, b: second, result }, text: result, holds: true };
  }
  if (fields.length === 3) {
    const b = third ?? '';
    const result = rules.holds(a, second, b);
    if (result !== undefined)
      return { data: { a, operator: second, b, result }, text: `${result}`, holds: result };
    return { expected: 'an operator of the package manager', got: second };
  }
  return { expected: 'two versions, or a version, an operator and a version', got: fields.join(' ') };
}

function validate(rules: VersionRules, fields: readonly string[]): Answer | BadQuery {
  const [version = ''] = fields;
  if (fields.length !== 1) return { expected: 'one version', got: fields.join(' ') };
  const valid = rules.isValid(version);
  return { data: { version, valid }, text: valid ? 'valid' : 'invalid', holds: valid };
}

type Ask = (fields: readonly string[]) => Answer | BadQuery;

/** Splits a line at tabs, between which fields may be empty or contain spaces; a line without tabs, at white space. */
function fieldsOf(line: string): readonly string[] {
  return line.includes('\t') ? line.split('\t') : line.trim().split(/\s+/);
}

/** Writes one answer per line, in the order of the queries; a malformed query is answered with what is wrong with it. */
function batch(ask: Ask, input: AsyncIterable<Uint8Array>, json: boolean): Result {
  let exitCode = EXIT_OK;
  function answerLine(line: string): string {
    const answer =
      line.length > MAX_LINE_CHARS
        ? { expected: `at most ${MAX_LINE_CHARS} characters`, got: `${line.slice(0, 40)}…` }
        : ask(fieldsOf(line));
    if ('data' in answer) return json ? JSON.stringify(answer.data) : answer.text;
    exitCode = EXIT_CODES.USAGE;
    const error = `expected ${answer.expected}, got ${JSON.stringify(answer.got)}`;
    return json ? JSON.stringify({ error }) : `error: ${error}`;
  }
  async function* chunks(): AsyncGenerator<string> {
    for await (const lines of readLines(input)) yield `${lines.map(answerLine).join('\n')}\n`;
  }
  return { kind: 'stream', chunks: chunks(), exitCode: () => exitCode };
}

function answered(answer: Answer | BadQuery): Answer {
  if ('data' in answer) return answer;
  const { expected, got } = answer;
  throw new AppError('USAGE', `compose vercmp: expected ${expected}, got ${JSON.stringify(got)}`, {
    hint: 'See compose vercmp --help.',
    details: { expected, got },
  });
}

export const command = defineCommand({
  name: 'vercmp',
  argument: 'A [OP] B',
  group: 'Packages',
  summary: 'Compare versions as the package manager does',
  arguments: {
    describe:
      'A, B: versions; OP: = < > <= >= and, with apk, ~ >~ <~. With OP, the answer is true or false, and the exit code 0 or 1',
  },
  argumentWith: ({ batch, validate }) => {
    if (batch) return '';
    return validate ? 'VERSION…' : 'A [OP] B';
  },
  options: {
    validate: toggle({ group: 'Query', describe: 'Check whether each argument is a valid version' }),
    ...BATCH_OPTION,
    ...DISTRO_OPTIONS,
  },
  examples: [
    ['compose vercmp 1.2_rc1 1.2', 'print <, as apk orders them'],
    ["compose vercmp 1.2.3-r0 '~' 1.2", 'whether 1.2.3-r0 meets ~1.2'],
    ['compose vercmp --distro arch --batch <pairs.txt', 'an answer for each line A B or A OP B'],
    ['compose vercmp --release v3.19 1.2_rc1~ab 1.2', "in the order of that release's apk, 2.14"],
    ['compose vercmp --validate 1.2-r0 1.2a.3', 'check whether each is a version'],
  ],
  async run({ settings, options, args, input }) {
    const { versionRules } = await import('../../app/query/compare-versions.ts');
    const rules = await versionRules(sourceOptions(settings));
    const validating = options.validate;
    const ask: Ask = (fields) => (validating ? validate(rules, fields) : compare(rules, fields));
    if (options.batch) return batch(ask, input(), options.json);
    const answers = (validating ? args.map((word) => [word]) : [args]).map((fields) => answered(ask(fields)));
    const data = answers.map((answer) => answer.data);
    return {
      kind: 'answer',
      data: validating ? data : data[0],
      text: async () => answers.map(({ text }) => `${text}\n`).join(''),
      exitCode: answers.every(({ holds }) => holds) ? EXIT_OK : EXIT_NO,
    };
  },
});
