import type { Action } from '../../model/action.ts';

/** Whom a rule is about. */
export type Who =
  | { readonly kind: 'anyone' | 'signed-in' }
  | { readonly kind: 'user' | 'group'; readonly name: string }
  | { readonly kind: 'claim'; readonly name: string; readonly value: string };

/** A rule of the configuration: for these people and these resources, it allows or denies some actions. */
export interface Rule {
  readonly who: readonly Who[];
  /** Patterns: `*` stands for a part of a name between slashes, `**` for any parts */
  readonly resources: readonly RegExp[];
  readonly allow: readonly Action[];
  readonly deny: readonly Action[];
}

/** What is known about a client. */
export interface Subject {
  /** Empty: anonymous */
  readonly name: string;
  readonly groups: readonly string[];
  /** Of a token */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Decides by the first rule that is about the subject, the resource and the action. If there is none, nobody may do anything.
 * The rules that are not about the subject are left out once and for all.
 */
export function permissions(
  rules: readonly Rule[],
  subject: Subject,
): (action: Action, resource: string) => boolean {
  const own = rules.filter(({ who }) => who.some((one) => isAbout(one, subject)));
  return (action, resource) => {
    for (const { resources, allow, deny } of own) {
      const denies = deny.includes(action);
      if ((denies || allow.includes(action)) && resources.some((pattern) => pattern.test(resource)))
        return !denies;
    }
    return false;
  };
}

function isAbout(who: Who, { name, groups, claims }: Subject): boolean {
  switch (who.kind) {
    case 'anyone':
      return true;
    case 'signed-in':
      return name !== '';
    case 'user':
      return name !== '' && name === who.name;
    case 'group':
      return groups.includes(who.name);
    default:
      return Object.hasOwn(claims, who.name) && textsOf(claims[who.name]).includes(who.value);
  }
}

/** Returns a claim's values as texts; those of objects are none. */
export function textsOf(claim: unknown): readonly string[] {
  if (Array.isArray(claim)) return claim.filter((one) => typeof one === 'string');
  return ['string', 'number', 'boolean'].includes(typeof claim) ? [String(claim)] : [];
}

/** Parses a pattern: a name or a path, with `*` and `**`; `team/**` is about `team` too. */
export function parsePattern(pattern: string): RegExp {
  const text = pattern
    .split(/(\/?\*\*|\*)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '/**') return '(?:/.*)?';
      return part === '*' ? '[^/]*' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${text}$`, 's');
}

/** Parses `anyone`, `signed-in`, `user:NAME`, `group:NAME`, `claim:NAME=VALUE`; undefined for anything else. */
export function parseWho(text: string): Who | undefined {
  if (text === 'anyone' || text === 'signed-in') return { kind: text };
  const [, kind, name = '', value] = /^(user|group|claim):([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (kind === 'claim') return value === undefined ? undefined : { kind, name, value };
  // Names may have an equals sign, as those of LDAP do.
  const [, who, whole = ''] = /^(user|group):(.+)$/s.exec(text) ?? [];
  return who === undefined ? undefined : { kind: who as 'user' | 'group', name: whole };
}
