import { reasonOf } from '../../files/errno.ts';
import { readLimitedInput } from '../../files/limited-file.ts';
import { AppError } from '../../model/app-error.ts';

/** A hundred thousand users. */
const MAX_BYTES = 8 << 20;
/** Of bcrypt: a check of cost 14 takes a second of CPU time, and twice as much with every step more. */
const MAX_COST = 14;

/** Users of an htpasswd file. */
export interface PasswordFile {
  /** bcrypt hashes by user */
  readonly hashes: ReadonlyMap<string, string>;
  /** Checked for users that are unknown, so that the time of the answer does not tell that they are; no password has it */
  readonly nobody: string;
}

/** Reads an htpasswd file with bcrypt hashes (`htpasswd -B`). @throws AppError USAGE with the line */
export async function readPasswordFile(path: string): Promise<PasswordFile> {
  let text: string;
  try {
    text = (await readLimitedInput(path, MAX_BYTES)).toString('utf8');
  } catch (error) {
    const reason = error instanceof AppError ? error.message : reasonOf(error);
    throw new AppError('USAGE', `cannot read the password file ${path}: ${reason}`, { cause: error });
  }
  return parsePasswordFile(text, path);
}

/** Parses the text of an htpasswd file. @param path for messages @throws AppError USAGE */
export function parsePasswordFile(text: string, path: string): PasswordFile {
  const hashes = new Map<string, string>();
  let highest = 10;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const where = `${path}:${index + 1}`;
    const colon = line.indexOf(':');
    if (colon < 1) throw new AppError('USAGE', `${where}: expected USER:HASH`);
    const [, cost = ''] = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(line.slice(colon + 1)) ?? [];
    // The line itself is a secret.
    if (cost === '') {
      throw new AppError('USAGE', `${where}: expected a bcrypt hash`, { hint: 'Make it with: htpasswd -B' });
    }
    if (Number(cost) < 4 || Number(cost) > MAX_COST) {
      throw new AppError('USAGE', `${where}: expected a bcrypt cost from 4 to ${MAX_COST}, got ${cost}`);
    }
    highest = Math.max(highest, Number(cost));
    hashes.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return { hashes, nobody: `$2b$${String(highest).padStart(2, '0')}$${'.'.repeat(53)}` };
}
