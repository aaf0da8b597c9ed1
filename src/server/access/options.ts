import type { Action } from '../../model/action.ts';
import type { Rule } from './rules.ts';
import type { TokenOptions } from './tokens.ts';

/** Who may do what. */
export interface AccessOptions {
  /** File of users with bcrypt hashes */
  readonly htpasswd?: string;
  readonly tokens?: TokenOptions & {
    /** Address of the issuer's token service, where clients fetch tokens; default: /token of this server */
    readonly realm?: string;
    /** Name of this server there */
    readonly service?: string;
  };
  /** Users by group, in addition to the groups of tokens and certificates */
  readonly groups?: ReadonlyMap<string, readonly string[]>;
  /** What clients may do that have not signed in; default: nothing */
  readonly anonymous?: readonly Action[];
  /** Default: those who have signed in may do everything, tokens as far as their scopes go */
  readonly rules?: readonly Rule[];
  /** Secret of the tokens that /token gives out, shared by all servers behind one address; default: a random one */
  readonly tokenKey?: string;
}
