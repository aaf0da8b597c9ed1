/**
 * fnmatch(3) with FNM_PATHNAME, as apk matches the globs of `triggers`: `*`, `?` and `[…]` never match a slash,
 * a leading dot is ordinary, `\` quotes. Takes time linear in pattern × text.
 */
export function fnmatchPath(pattern: string, path: string): boolean {
  const globs = pattern.split('/');
  const parts = path.split('/');
  return globs.length === parts.length && globs.every((glob, index) => matchPart(glob, parts[index] ?? ''));
}

function matchPart(glob: string, text: string): boolean {
  let at = 0;
  let in_ = 0;
  let starAt = -1;
  let starIn = 0;
  while (in_ < text.length) {
    if (glob.charAt(at) === '*') {
      starAt = at;
      starIn = in_;
      at += 1;
      continue;
    }
    const next = at < glob.length ? matchOne(glob, at, text.charAt(in_)) : -1;
    if (next >= 0) {
      at = next;
      in_ += 1;
    } else if (starAt >= 0) {
      at = starAt + 1;
      starIn += 1;
      in_ = starIn;
    } else return false;
  }
  while (glob.charAt(at) === '*') at += 1;
  return at === glob.length;
}

/** Where the pattern goes on after one character matched, or -1. */
function matchOne(glob: string, at: number, character: string): number {
  const lead = glob.charAt(at);
  if (lead === '?') return at + 1;
  if (lead === '\\' && at + 1 < glob.length) return glob.charAt(at + 1) === character ? at + 2 : -1;
  if (lead === '[') {
    const close = closingBracket(glob, at);
    if (close > 0) return inBracket(glob.slice(at + 1, close), character) ? close + 1 : -1;
  }
  return lead === character ? at + 1 : -1;
}

/** A `]` right after `[` or `[!` is a member, not the end. -1: no bracket expression, `[` stands for itself. */
function closingBracket(glob: string, open: number): number {
  const first = open + (glob.charAt(open + 1) === '!' || glob.charAt(open + 1) === '^' ? 2 : 1);
  return glob.indexOf(']', first + 1);
}

function inBracket(members: string, character: string): boolean {
  const negated = members.startsWith('!') || members.startsWith('^');
  let found = false;
  for (let at = negated ? 1 : 0; at < members.length; at += 1) {
    const low = members.charAt(at);
    if (members.charAt(at + 1) === '-' && at + 2 < members.length) {
      found ||= character >= low && character <= members.charAt(at + 2);
      at += 2;
    } else found ||= character === low;
  }
  return found !== negated;
}
