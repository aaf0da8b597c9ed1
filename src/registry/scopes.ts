/** Actions (`pull`, `push`) by resource (`repository:team/gcc`). */
export type Scopes = ReadonlyMap<string, ReadonlySet<string>>;

/** Makes the scopes of repositories from their paths and actions. */
export function scopesOf(wanted: Iterable<readonly [path: string, actions: Iterable<string>]>): Scopes {
  return joined([...wanted].map(([path, actions]) => new Map([[`repository:${path}`, new Set(actions)]])));
}

/**
 * Parses the `scope` of a challenge: `repository:a/b:pull,push repository:c:pull`. A resource's name may contain colons.
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

/** Joins several scopes. */
export function joined(all: Iterable<Scopes>): Scopes {
  const out = new Map<string, ReadonlySet<string>>();
  for (const scopes of all) {
    for (const [resource, actions] of scopes) {
      out.set(resource, new Set([...(out.get(resource) ?? []), ...actions]));
    }
  }
  return out;
}

/** Renders scopes for a request to a token server, sorted: `repository:a/b:pull,push`. */
export function scopeTexts(scopes: Scopes): readonly string[] {
  return [...scopes].map(([resource, actions]) => `${resource}:${[...actions].sort().join(',')}`).sort();
}

/** Tells whether a token with the scopes `have` allows everything in `need`. */
export function covers(have: Scopes, need: Scopes): boolean {
  return [...need].every(([resource, actions]) =>
    [...actions].every((action) => have.get(resource)?.has(action) ?? false),
  );
}
