/** One scheme that a 401 offers (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** Lower case: `basic`, `bearer` */
  readonly scheme: string;
  /** Parameters by lower-case name */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer than any registry's challenge; undici accepts 16 KiB of headers in all. */
const MAX_CHARS = 16 * 1024;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

/**
 * Parses the challenges of all WWW-Authenticate headers, in order (RFC 9110 section 11.6.1). One header may have several,
 * separated by commas as their parameters are: a token followed by `=` is a parameter, any other a scheme. Values that should be
 * quoted are also accepted without quotes (`realm=https://…`). The rest of a header that cannot be parsed is ignored.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => (header.length > MAX_CHARS ? [] : parseHeader(header)));
}

function parseHeader(header: string): readonly Challenge[] {
  const out: { scheme: string; parameters: Map<string, string> }[] = [];
  const part = new RegExp(
    `[\\s,]*(?:(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s",]+))(?=\\s*(?:,|$))|(${TOKEN})(?=[\\s,]|$))`,
    'y',
  );
  for (let found = part.exec(header); found !== null; found = part.exec(header)) {
    const [, name, quoted, plain, scheme] = found;
    if (scheme !== undefined) out.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else {
      const parameters = out.at(-1)?.parameters;
      if (parameters === undefined || name === undefined) return [];
      const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1');
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
    }
  }
  return out;
}
