import { append } from '../../../model/lists.ts';
import type { Cursor } from './cursor.ts';
import type { Word, WordPart } from './syntax.ts';
import { undecided } from './undecided.ts';

interface Pending {
  readonly delimiter: string;
  /** Whether the delimiter is quoted, so that nothing in the text is expanded */
  readonly isQuoted: boolean;
  readonly stripsTabs: boolean;
  /** Receives the text */
  readonly target: WordPart[];
}

/** Announced here-documents, whose texts start after the next newline (POSIX.1-2017, 2.7.4). */
export class HereDocuments {
  readonly #pending: Pending[] = [];

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /**
   * Announces a here-document by the word after `<<` or `<<-`.
   * @returns its text, empty until `read`
   */
  announce(delimiterWord: Word, stripsTabs: boolean): Word {
    let delimiter = '';
    for (const part of delimiterWord) {
      if (part.kind !== 'text') undecided('an expansion in a delimiter');
      delimiter += part.text;
    }
    if (delimiter === '' || delimiter.includes('\n')) undecided('a delimiter of unknown form');
    const target: WordPart[] = [];
    const isQuoted = delimiterWord.some((part) => part.kind === 'text' && part.quoted);
    this.#pending.push({ delimiter, isQuoted, stripsTabs, target });
    return target;
  }

  /**
   * Reads the texts of all announced here-documents, from the start of a line on. `expand` parses the text of one without a
   * quoted delimiter.
   */
  read(cursor: Cursor, expand: (text: string) => Word): void {
    for (const document of this.#pending.splice(0)) {
      const text = readLines(cursor, document);
      append(document.target, document.isQuoted ? [{ kind: 'text', text, quoted: true }] : expand(text));
    }
  }
}

function readLines(cursor: Cursor, { delimiter, isQuoted, stripsTabs }: Pending): string {
  const lines: string[] = [];
  const { text } = cursor;
  for (;;) {
    if (cursor.position >= text.length) undecided(`no ${delimiter}`);
    const newline = text.indexOf('\n', cursor.position);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(cursor.position, end);
    cursor.position = newline < 0 ? end : end + 1;
    const bare = stripsTabs ? line.replace(/^\t+/, '') : line;
    if (bare === delimiter) return lines.join('');
    if (!isQuoted && line.endsWith('\\')) undecided('a continued line in a here-document');
    lines.push(`${bare}\n`);
  }
}
