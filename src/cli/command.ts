import type {
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  ComposeReport,
  ComposeRequest,
  IndexReport,
  IngestReport,
  PlanReport,
} from '../model/request.ts';
import type { App } from '../use-cases.ts';
import type { Words } from './args/command-line.ts';

/** What a command hands to print.ts. */
export type Result =
  | { readonly kind: 'compose'; readonly data: ComposeReport; readonly request: ComposeRequest }
  | { readonly kind: 'plan'; readonly data: PlanReport }
  | { readonly kind: 'index'; readonly data: readonly IndexReport[] }
  | { readonly kind: 'ingest'; readonly data: readonly IngestReport[] }
  | { readonly kind: 'cache-ls'; readonly data: readonly CacheEntryReport[] }
  | { readonly kind: 'cache-verify'; readonly data: CacheVerifyReport; readonly repair: boolean }
  | { readonly kind: 'cache-gc'; readonly data: CacheGcReport }
  | {
      readonly kind: 'answer';
      readonly data: unknown;
      /** For a person; not called with --json */
      readonly text: () => Promise<string>;
      /** With --quiet; when absent, `text` knows itself what is essential */
      readonly quietText?: string;
      /** 0 when absent */
      readonly exitCode?: number;
    }
  | { readonly kind: 'text'; readonly data: unknown; readonly text: string }
  | StreamResult;

/** An answer that is written as it comes, in the form the command was asked for. */
export interface StreamResult {
  readonly kind: 'stream';
  readonly chunks: AsyncIterable<string>;
  /** Asked when all chunks are written */
  readonly exitCode: () => number;
}

export interface Invocation {
  readonly words: Words;
  readonly env: NodeJS.ProcessEnv;
  readonly app: App;
  /** Standard input; opened when it is called */
  readonly input: () => AsyncIterable<Uint8Array>;
  /** Width of the terminal; undefined: there is none */
  readonly columns: number | undefined;
  /** Asks the person at the terminal; `hidden`: what is typed is not shown. @throws AppError USAGE where there is none, CANCELLED */
  readonly ask: (question: string, hidden: boolean) => Promise<string>;
}

export type CommandGroup = 'Images' | 'Packages' | 'Repositories and cache' | 'Registries' | 'Shell';

/** A command in the list of commands. */
export interface Listing {
  /** First word of the command line; empty: the default command, `compose PKG…` */
  readonly name: string;
  /** Its arguments as they stand in the usage line; empty: it takes none */
  readonly argument: string;
  readonly group: CommandGroup;
  /** One line of `compose help`: at most 54 characters */
  readonly summary: string;
}

/** What a command's own file says. */
export interface CommandModule {
  readonly arguments?: {
    /** A line of help */
    readonly describe: string;
    readonly choices?: readonly string[];
    readonly complete?: 'file' | 'package' | 'command';
  };
  readonly options: readonly string[];
  /** Command line and what it does */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  run(invocation: Invocation): Promise<Result>;
}

export type Command = Listing & CommandModule;
