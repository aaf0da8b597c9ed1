import type { SandboxLimits } from './limits.ts';
import type { UserNamespace } from './user-namespace.ts';

/** A program that runs a command with a folder as its root; the most confined first. */
export type BackendName = 'crun' | 'runc' | 'bubblewrap' | 'util-linux';

/** A command as it is seen within the sandbox. */
export interface SandboxedCommand {
  /** The program is an absolute path in the new root. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A command with how its start and its output are observed. */
export interface RunOptions extends SandboxedCommand {
  /**
   * A file of the root that the command makes before anything else: it distinguishes a command that failed from a sandbox
   * that did. Undefined: the command does not fail.
   */
  readonly started: string | undefined;
  /** Receives each line of its output, both streams. */
  readonly onLine: (line: string) => void;
}

/** The root and surroundings of a command. */
export interface Place {
  readonly namespace: UserNamespace;
  readonly root: string;
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
  /** The only backend to try; undefined: the first that works */
  readonly backend?: BackendName | undefined;
  /** Folders where programs are looked for, separated by colons */
  readonly path: string;
}
