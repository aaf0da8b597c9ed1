/**
 * A word of a shell script. The types here are its syntax tree (POSIX.1-2017, 2.10), as far as the interpreter distinguishes
 * constructs.
 */
export type Word = readonly WordPart[];

/** A part of a word; a `quoted` part is neither split nor a pattern. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'parameter';
      readonly name: string;
      readonly operator: '' | '-' | ':-' | '#' | '##' | '%' | '%%';
      readonly operand: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: 'substitution'; readonly body: Script; readonly quoted: boolean }
  /** A part whose extent is known, but not its meaning. */
  | { readonly kind: 'opaque'; readonly what: string };

/** A redirect (2.7). */
export interface Redirect {
  /** Undefined: both outputs (`&>`) */
  readonly descriptor: 0 | 1 | 2 | undefined;
  readonly operator: '<' | '>' | '>>' | '<&' | '>&' | '<<';
  /** Target; of a here-document, its text */
  readonly target: Word;
}

/** `name=value` in front of a command, or alone. */
export interface Assignment {
  readonly name: string;
  readonly value: Word;
}

/** A simple command (2.9.1). */
export interface SimpleCommand {
  readonly kind: 'simple';
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

/** Any command (2.9). */
export type Command =
  | SimpleCommand
  | { readonly kind: 'group'; readonly body: Script; readonly redirects: readonly Redirect[] }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Script; readonly body: Script }[];
      readonly otherwise: Script;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      /** Undefined: the positional parameters */
      readonly words: readonly Word[] | undefined;
      readonly body: Script;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'case';
      readonly subject: Word;
      readonly branches: readonly { readonly patterns: readonly Word[]; readonly body: Script }[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }
  /** `while`, a subshell, `[[ ]]`, `(( ))`: parsed only to find its end. */
  | {
      readonly kind: 'opaque';
      readonly what: string;
      readonly inner: readonly Script[];
      readonly redirects: readonly Redirect[];
    };

/** Commands joined by `|`, with `!` in front (2.9.2). */
export interface Pipeline {
  readonly negated: boolean;
  /** More than one command: a pipe */
  readonly commands: readonly Command[];
}

/** Pipelines joined by `&&` and `||` (2.9.3). */
export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
  readonly background: boolean;
}

/** Commands one after another. */
export type Script = readonly AndOr[];
