import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { nearest } from '../app/nearest.ts';
import { AppError } from '../model/app-error.ts';
import { OPTIONS, type OptionSpec } from './options.ts';

/** A command line taken apart; nothing is checked against a command yet. */
export interface Words {
  /** Option name → texts in order; a switch has `true` */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  /** How many of the positionals stand before `--` */
  readonly beforeTerminator: number;
}

const CONFIG: ParseArgsOptionsConfig = Object.fromEntries(
  [...OPTIONS.values()].map((option) => [
    option.name,
    {
      type: option.value === 'one' ? 'string' : 'boolean',
      multiple: true,
      ...(option.short === undefined ? {} : { short: option.short }),
    },
  ]),
);

function unknownOption(rawName: string, name: string): never {
  const near = nearest(name, OPTIONS.keys());
  throw new AppError('USAGE', `unknown option ${rawName}`, {
    hint: near === undefined ? 'compose --help lists the options' : `did you mean --${near}?`,
    details: { option: rawName, expected: 'an option of this command', got: rawName },
  });
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** The option's text. @throws AppError USAGE */
function textOf(spec: OptionSpec, { rawName, value, inlineValue }: OptionToken): string {
  const example = `${rawName}${rawName.startsWith('--') ? '=' : ' '}${spec.placeholder ?? 'VALUE'}`;
  if (spec.value === 'none') {
    if (value === undefined) return 'true';
    throw new AppError('USAGE', `${rawName}: expected no value, got ${JSON.stringify(value)}`, {
      details: { option: rawName, expected: 'no value', got: value },
    });
  }
  if (spec.value === 'optional') return value ?? 'auto';
  if (value === undefined) {
    throw new AppError('USAGE', `${rawName}: expected a value, got none`, {
      hint: `write ${example}`,
      details: { option: rawName, expected: spec.placeholder ?? 'a value', got: null },
    });
  }
  if (inlineValue !== true && value.startsWith('-') && value !== '-') {
    throw new AppError('USAGE', `${rawName}: expected a value, got the option ${JSON.stringify(value)}`, {
      hint: `write ${example}; a value that starts with a dash needs the form --${spec.name}=${value}`,
      details: { option: rawName, expected: spec.placeholder ?? 'a value', got: value },
    });
  }
  return value;
}

/** @throws AppError USAGE for unknown options and missing values */
export function parseWords(argv: readonly string[]): Words {
  const { tokens } = parseArgs({
    args: [...argv],
    options: CONFIG,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options = new Map<string, string[]>();
  const positionals: string[] = [];
  let beforeTerminator: number | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    else if (token.kind === 'option-terminator') beforeTerminator = positionals.length;
    else {
      const spec = OPTIONS.get(token.name);
      if (spec === undefined) return unknownOption(token.rawName, token.name);
      const texts = options.get(spec.name) ?? [];
      texts.push(textOf(spec, token));
      options.set(spec.name, texts);
    }
  }
  return { options, positionals, beforeTerminator: beforeTerminator ?? positionals.length };
}

/** Refuses options that the command does not take. @throws AppError USAGE */
export function checkOptions(
  words: Words,
  command: { readonly name: string; readonly options: readonly string[] },
): void {
  const line = command.name === '' ? 'compose' : `compose ${command.name}`;
  for (const name of words.options.keys()) {
    if (command.options.includes(name)) continue;
    throw new AppError(
      'USAGE',
      `--${name} is not an option of ${command.name === '' ? 'compose PKG…' : line}`,
      {
        hint: `${line} --help lists its options`,
        details: {
          option: `--${name}`,
          expected: command.options.map((option) => `--${option}`),
          got: `--${name}`,
        },
      },
    );
  }
}
