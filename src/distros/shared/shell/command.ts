import type { RootDraft } from '../root-draft.ts';
import type { ShellDialect } from './lexer.ts';

/** Result of a command, apart from its changes to the root. */
export interface CommandResult {
  readonly status: number;
  /** Standard output; `undefined`: not known. Absent: none */
  readonly output?: string | undefined;
}

/** Success without output. */
export const DONE: CommandResult = { status: 0 };
/** Failure without output; messages are not kept. */
export const FAILED: CommandResult = { status: 1 };

/** Input of a command. */
export interface CommandCall {
  /** Arguments without the command's name */
  readonly args: readonly string[];
  readonly root: RootDraft;
  /** Standard input; `undefined`: the script's own, which is empty */
  readonly input: string | undefined;
  /** Real path of the file that standard output goes to */
  readonly outputFile: string | undefined;
  /** Returns the path of a command in PATH; `undefined` if there is none. */
  readonly find: (name: string) => string | undefined;
}

/** A command whose effect is known. @throws Undecided for arguments or files for which it is not */
export type KnownCommand = (call: CommandCall) => CommandResult;

/** Environment of a shell. */
export interface ShellEnvironment {
  readonly dialect: ShellDialect;
  readonly root: RootDraft;
  /** Directories of PATH, no leading slash */
  readonly path: readonly string[];
  readonly builtins: ReadonlyMap<string, KnownCommand>;
  /**
   * Returns the effect of a program of the root; `undefined`: not known. `real`: real path of its file; `name`: the name or path
   * by which it is called.
   */
  readonly program: (real: string, name: string) => KnownCommand | undefined;
}
