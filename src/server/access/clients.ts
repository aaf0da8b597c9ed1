import { ACTIONS } from '../../model/action.ts';
import type { Identity } from '../http/exchange.ts';
import type { AccessOptions } from './options.ts';
import { parsePattern, permissions, type Rule, type Subject } from './rules.ts';
import type { Demand } from './target.ts';
import { scopesAllow, type Token } from './tokens.ts';

/** A client: who it is, and what its token is limited to. */
export interface Client extends Identity {
  /** It has shown credentials that are right, if only a token for nobody */
  readonly isKnown: boolean;
  /** Tells whether it is the token's scopes, and not the rules, that keep the client from this */
  lacksScope(demand: Demand): boolean;
}

type May = Identity['may'];

const ANYTHING = [parsePattern('**')];
const SIGNED_IN: Rule = { who: [{ kind: 'signed-in' }], resources: ANYTHING, allow: ACTIONS, deny: [] };
const NOBODY: Subject = { name: '', groups: [], claims: {} };
const MAX_USERS = 10_000;

/** Finds out what clients may do, and remembers it. */
export class Clients {
  readonly #options: AccessOptions;
  readonly #rules: readonly Rule[];
  readonly #users = new Map<string, Client>();
  readonly #tokens = new WeakMap<Token, Client>();
  /** Without credentials */
  readonly anonymous: Client;
  /** With a token for nobody */
  readonly nobody: Client;
  /** Somebody without a login may do something */
  readonly isOpen: boolean;

  constructor(options: AccessOptions) {
    const { anonymous = [], rules = [SIGNED_IN] } = options;
    this.#options = options;
    this.#rules = [...rules, { who: [{ kind: 'anyone' }], resources: ANYTHING, allow: anonymous, deny: [] }];
    this.isOpen = this.#rules.some(
      ({ who, allow }) => allow.length > 0 && who.some(({ kind }) => kind === 'anyone'),
    );
    this.nobody = known('', this.#byRules(NOBODY));
    this.anonymous = { ...this.nobody, isKnown: false };
  }

  named(name: string): Client {
    return this.ofSubject({ ...NOBODY, name });
  }

  ofSubject(subject: Subject): Client {
    const id = JSON.stringify([subject.name, subject.groups]);
    let client = this.#users.get(id);
    if (client === undefined) {
      client = known(subject.name, this.#byRules(subject));
      if (this.#users.size >= MAX_USERS) this.#users.clear();
      this.#users.set(id, client);
    }
    return client;
  }

  ofToken(token: Token): Client {
    let client = this.#tokens.get(token);
    if (client === undefined) {
      client = this.#withScopes(token);
      this.#tokens.set(token, client);
    }
    return client;
  }

  /** Without rules it is the issuer who decides, by the scopes alone. */
  #withScopes(token: Token): Client {
    const isRuled = this.#options.rules !== undefined;
    const byRules: May = isRuled ? this.#byRules(token.subject) : () => true;
    const scopes = token.scopes ?? (isRuled ? undefined : []);
    const inScope: May = (action, resource) => scopes === undefined || scopesAllow(scopes, action, resource);
    return {
      name: token.subject.name,
      isKnown: true,
      may: (action, resource) => inScope(action, resource) && byRules(action, resource),
      lacksScope: ({ action, resource }) => byRules(action, resource) && !inScope(action, resource),
    };
  }

  #byRules(subject: Subject): May {
    const { groups } = this.#options;
    const own = [...(groups ?? [])]
      .filter(([, users]) => users.includes(subject.name))
      .map(([group]) => group);
    return permissions(this.#rules, { ...subject, groups: [...subject.groups, ...own] });
  }
}

function known(name: string, may: May): Client {
  return { name, isKnown: true, may, lacksScope: () => false };
}
