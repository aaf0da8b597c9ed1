/** Returns the target of the link with `rel="next"` in Link headers (RFC 8288 section 3); undefined if there is none. */
export function nextLink(headers: readonly string[]): string | undefined {
  for (const header of headers) {
    for (const [, target, parameters] of header.matchAll(
      /<([^>]*)>((?:\s*;\s*[^=;,\s]+(?:\s*=\s*(?:"[^"]*"|[^;,\s]*))?)*)/g,
    )) {
      if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s;,]|$))/i.test(parameters ?? ''))
        return target;
    }
  }
  return undefined;
}
