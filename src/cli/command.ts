import type { ContextOptions } from '../app/context.ts';
import type { ComposeSettings } from '../app/settings/settings.ts';
import type { App } from '../use-cases.ts';
import type { ArgumentsOf } from './args/arguments.ts';
import { GENERAL_OPTIONS } from './args/general-options.ts';
import type { Options, OptionValues } from './args/option.ts';

/** Result of a command, which print.ts shows. */
export type Result =
  | {
      readonly kind: 'answer';
      readonly data: unknown;
      /** For a person; not called with --json */
      readonly text: () => Promise<string>;
      /** With --quiet; without it, `text` takes care of that itself */
      readonly quietText?: string;
      /** Default: 0 */
      readonly exitCode?: number;
    }
  | { readonly kind: 'text'; readonly data: unknown; readonly text: string }
  | StreamResult;

/** An answer that is written piece by piece, in the form that the command chose. */
export interface StreamResult {
  readonly kind: 'stream';
  readonly chunks: AsyncIterable<string>;
  /** Called after all chunks have been written */
  readonly exitCode: () => number;
}

type General = typeof GENERAL_OPTIONS;

/** Input of `run()`: the command line, checked and typed as the command declares it, and the environment of the process. */
export interface Invocation<O extends Options = Options, Usage extends string = string> {
  readonly options: OptionValues<O & General>;
  /** Options that recipes have too, in one object; absent ones have their defaults */
  readonly settings: ComposeSettings;
  readonly args: ArgumentsOf<Usage>;
  readonly env: NodeJS.ProcessEnv;
  readonly app: App;
  /** What the use cases run with, for a command that calls something else */
  readonly context: ContextOptions;
  /** All commands there are, for `compose help` */
  readonly commands: CommandTable;
  /** Standard input; opened when it is called */
  readonly input: () => AsyncIterable<Uint8Array>;
  /** Width of the terminal; undefined if standard output is not a terminal */
  readonly columns: number | undefined;
  /**
   * Prompts at the terminal; with `hidden`, the answer is not echoed.
   * @throws AppError USAGE if there is no terminal, CANCELLED
   */
  readonly ask: (question: string, hidden: boolean) => Promise<string>;
}

/** Heading that a command stands under in `compose help`. */
export type CommandGroup = 'Images' | 'Packages' | 'Repositories and cache' | 'Registries' | 'Shell';

/** Common part of commands and actions: options and arguments in, a result out. */
interface RunnableSpec<O extends Options, Usage extends string> {
  /** Its arguments as the usage line shows them, which also sets their number; empty if it takes none */
  readonly argument: Usage;
  /** The arguments, if options change them: `plan --batch` takes no packages */
  argumentWith?(options: OptionValues<O & General>): string;
  readonly options: O;
  /** Set for a server: a signal ends it as intended, after which it returns */
  readonly endsWhenAborted?: true;
  run(invocation: Invocation<O, Usage>): Promise<Result>;
}

/** An action of a command, such as `gc` of `compose cache`. */
export type Action = RunnableSpec<Options, string>;

/** Text of a command for help and the manual page, and the completion of its arguments. */
interface CommandText {
  /** First word of the command line; empty: the default command, `compose PKG…` */
  readonly name: string;
  readonly group: CommandGroup;
  /** One line of `compose help`: at most 54 characters */
  readonly summary: string;
  readonly arguments?: {
    /** A line of help */
    readonly describe: string;
    readonly choices?: readonly string[];
    readonly complete?: 'file' | 'package' | 'command';
  };
  /** Command line and what it does */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
}

/** A command: its text, and what it runs or the actions it consists of. */
export interface Command extends CommandText {
  readonly argument: string;
  /** Its own options, or those of all its actions, and the general ones */
  readonly options: Options;
  /** Actions by their words; empty if the command itself runs */
  readonly actions: Readonly<Record<string, Action>>;
  argumentWith?: NonNullable<Action['argumentWith']>;
  readonly endsWhenAborted?: true;
  run?: Action['run'];
}

/** Every command by its name, in the order of `compose help`. A command's file is loaded when it is needed. */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly command: Command }>>>;

/** Declares a command. The types of its options and arguments are those of `run()`. */
export function defineCommand<const O extends Options, const Usage extends string>(
  spec: CommandText & RunnableSpec<O, Usage>,
): Command {
  return { ...spec, options: { ...spec.options, ...GENERAL_OPTIONS }, actions: {} } as Command;
}

/** Declares one action of a command, such as `gc` of `compose cache`. */
export function defineAction<const O extends Options, const Usage extends string>(
  spec: RunnableSpec<O, Usage>,
): Action {
  return { ...spec, options: { ...spec.options, ...GENERAL_OPTIONS } } as Action;
}

/** Declares a command that consists of actions, such as `compose cache`. */
export function defineActions(
  spec: CommandText & { readonly argument: string; readonly actions: Readonly<Record<string, Action>> },
): Command {
  const all = Object.fromEntries(
    Object.values(spec.actions).flatMap(({ options }) => Object.entries(options)),
  );
  return {
    ...spec,
    arguments: { describe: '', choices: Object.keys(spec.actions), ...spec.arguments },
    options: all,
  };
}

/** Returns the names of all commands; `compose PKG…` has none. */
export function commandNames(commands: CommandTable): readonly string[] {
  return Object.keys(commands).filter((name) => name !== '');
}

/** Imports a command's file. @throws Error if the table has no such command */
export async function loadCommand(commands: CommandTable, name: string): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) throw new Error(`no command module for ${JSON.stringify(name)}`);
  return (await load()).command;
}

/** Imports every command, in the order of the table: for help, and to find an option in all of them. */
export function loadCommands(commands: CommandTable): Promise<readonly Command[]> {
  return Promise.all(Object.keys(commands).map((name) => loadCommand(commands, name)));
}
