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
import type { App } from './app-port.ts';
import type { Words } from './parse.ts';

/** What a command hands to print.ts. */
export type Result =
  | { readonly kind: 'compose'; readonly data: ComposeReport; readonly request: ComposeRequest }
  | { readonly kind: 'plan'; readonly data: PlanReport }
  | { readonly kind: 'index'; readonly data: readonly IndexReport[] }
  | { readonly kind: 'ingest'; readonly data: readonly IngestReport[] }
  | { readonly kind: 'cache-ls'; readonly data: readonly CacheEntryReport[] }
  | { readonly kind: 'cache-verify'; readonly data: CacheVerifyReport; readonly repair: boolean }
  | { readonly kind: 'cache-gc'; readonly data: CacheGcReport }
  | { readonly kind: 'text'; readonly data: unknown; readonly text: string };

export interface Invocation {
  readonly words: Words;
  /** Without the command's own name */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly app: App;
}

export interface Positional {
  /** `packages`, `recipe`: as it stands in the usage line */
  readonly usage: string;
  readonly describe: string;
  readonly choices?: readonly string[];
  readonly complete?: 'file' | 'package';
}

export interface Command {
  /** First word of the command line; empty: the default command, `compose PKG…` */
  readonly name: string;
  readonly summary: string;
  readonly positional?: Positional;
  readonly options: readonly string[];
  /** Command line and what it does */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  run(invocation: Invocation): Promise<Result>;
}
