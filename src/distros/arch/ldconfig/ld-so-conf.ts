import { matchesGlob } from '../../../model/glob.ts';
import type { RootDraft } from '../../shared/root-draft.ts';
import { undecided } from '../../shared/shell/undecided.ts';

const CONFIGURATION = '/etc/ld.so.conf';
/** Depth of included files; ldconfig itself reads files that include each other until it runs out of descriptors. */
const MAX_DEPTH = 8;

/**
 * Returns the directories that `/etc/ld.so.conf` names, in its order and spelling (ldconfig(8), glibc elf/ldconfig.c).
 * @throws Undecided for lines that versions of glibc read differently, and for files whose content is not kept
 */
export function configuredDirectories(draft: RootDraft): readonly string[] {
  const directories: string[] = [];
  readConfiguration(draft, { path: CONFIGURATION, depth: 0 }, directories);
  return directories;
}

function readConfiguration(
  draft: RootDraft,
  { path, depth }: { path: string; depth: number },
  directories: string[],
): void {
  if (depth > MAX_DEPTH) undecided(`${path} is included by ${MAX_DEPTH} others`);
  const type = draft.statFollow(path)?.type;
  if (type === undefined || type === 'directory') return;
  const text = Buffer.from(draft.read(path) ?? []).toString('latin1');

  if (/[^\x01-\x7f]/.test(text)) undecided(`${path} is not ASCII`);
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const include = /^include[ \t](.*)$/.exec(line);
    if (include !== null) {
      const patterns = (include[1] as string).split(/[ \t]/).filter((pattern) => pattern !== '');
      for (const pattern of patterns)
        for (const included of matches(draft, pattern))
          readConfiguration(draft, { path: included, depth: depth + 1 }, directories);
    } else if (/^hwcap[ \t]/i.test(line) || line.includes('=')) {
      undecided(`${path}: ${line}`);
    } else {
      const directory = line.replace(/\/+$/, '');
      if (directory !== '' && !directory.startsWith('/')) undecided(`${path}: ${line} is relative`);
      if (directory !== '') directories.push(directory);
    }
  }
}

/** Returns the matches of a pattern as glob(3) does, sorted: an absolute path with wildcards only in its last component. */
function matches(draft: RootDraft, pattern: string): readonly string[] {
  const slash = pattern.lastIndexOf('/');
  const folder = pattern.slice(0, slash);
  const name = pattern.slice(slash + 1);
  if (!pattern.startsWith('/') || /[*?[\\{~]/.test(folder) || /[[\\{]/.test(name))
    undecided(`include ${pattern}`);
  if (!/[*?]/.test(name)) return [pattern];
  return draft
    .list(folder)
    .filter((entry) => matchesGlob(name, entry) && (name.startsWith('.') || !entry.startsWith('.')))
    .map((entry) => `${folder}/${entry}`);
}
