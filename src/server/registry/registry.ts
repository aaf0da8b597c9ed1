import type { Origin } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';
import type { StoredContent } from './stored-content.ts';

/** What a registry serves. */
export interface RegistryOptions {
  /** Asked in this order; `stored` too, if it is to be pulled from */
  readonly origins: readonly Origin[];
  /** Where pushes go; undefined: nothing can be pushed */
  readonly stored?: StoredContent | undefined;
  /** Says to who pushes, where nothing can be pushed, where else it can be */
  readonly refusal?: string | undefined;
  /** Distributions with whose names the names of composed images begin, for messages; default: none */
  readonly composed?: readonly string[];
  /** Default: 64 GiB */
  readonly maxBlobBytes?: number;
}

/** The options, with their defaults. */
export interface Registry extends RegistryOptions {
  readonly maxBlobBytes: number;
}

/** Answers a request for a repository. @param target of the route; empty for routes without one */
export type Handler = (exchange: Exchange, repository: string, target: string) => Promise<void> | void;

/** What a request names: a repository, and a tag or digest as the client wrote it. */
export interface Target {
  readonly repository: string;
  readonly text: string;
}
