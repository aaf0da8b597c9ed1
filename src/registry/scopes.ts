/** Actions (`pull`, `push`) by resource (`repository:team/gcc`). */
export type Scopes = ReadonlyMap<string, ReadonlySet<string>>;

/** Scopes of repositories by their paths. */
export function scopesOf(wanted: Iterable<readonly [path: string, actions: Iterable<string>]>): Scopes {
  return joined([...wanted].map(([path, actions]) => new Map([[`repository:${path}`, new Set(actions)]])));
}

/**
 * The `scope` of a challenge: `repository:a/b:pull,push repository:c:pull`. A resource's name may have colons.
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export function parseScopes(text: string): Scopes {
  const parts = text.split(' ').filter((part) => part.includes(':'));
  return joined(
    parts.map((part) => {
      const colon = part.lastIndexOf(':');
      return new Map([[part.slice(0, colon), new Set(part.slice(colon + 1).split(','))]]);
    }),
  );
}

/** Union of several scopes. */
export function joined(all: Iterable<Scopes>): Scopes {
  const out = new Map<string, ReadonlySet<string>>();
  for (const scopes of all) {
    for (const [resource, actions] of scopes) {
      out.set(resource, new Set([...(out.get(resource) ?? []), ...actions]));
    }
  }
  return out;
}

/** Scopes as a token server is asked for them, sorted: `repository:a/b:pull,push`. */
export function scopeTexts(scopes: Scopes): readonly string[] {
  return [...scopes].map(([resource, actions]) => `${resource}:${[...actions].sort().join(',')}`).sort();
}

/** Whether a token with the scopes `have` allows everything of `need`. */
export function covers(have: Scopes, need: Scopes): boolean {
  return [...need].every(([resource, actions]) =>
    [...actions].every((action) => have.get(resource)?.has(action) ?? false),
  );
}
