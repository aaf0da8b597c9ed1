import { append } from '../../../model/lists.ts';
import { type Cursor, META } from './cursor.ts';
import type { Script, Word, WordPart } from './syntax.ts';
import { undecided } from './undecided.ts';

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/** The lexer, as the reader of words uses it. */
export interface WordContext {
  /** Reads one level deeper. @throws Undecided when the nesting is too deep */
  nested<T>(read: () => T): T;
  /** Reads the script of `$(…)` from after the opening parenthesis to after the closing one. */
  substitution(): Script;
}

/** Reads words, with their quotes and expansions, at a cursor (POSIX.1-2017, 2.2 and 2.6). */
export class WordReader {
  readonly #cursor: Cursor;
  readonly #context: WordContext;

  constructor(cursor: Cursor, context: WordContext) {
    this.#cursor = cursor;
    this.#context = context;
  }

  /** Reads a word up to the character that ends it. */
  word(): Word {
    const cursor = this.#cursor;
    const parts: WordPart[] = [];
    const start = cursor.position;
    for (;;) {
      const { next } = cursor;
      if (next === undefined || META.test(next)) break;
      if (next === "'") parts.push({ kind: 'text', text: this.#singleQuoted(), quoted: true });
      else if (next === '"') append(parts, this.#doubleQuoted());
      else if (next === '$') parts.push(this.#dollar(false));
      else if (next === '`') parts.push(this.#backquoted());
      else parts.push({ kind: 'text', ...this.#literal() });
    }
    if (parts.length === 0) undecided('no word');
    // `12>file` and `{fd}>file` redirect.
    if (/^[<>]/.test(cursor.next ?? '') && /^[0-9{]/.test(cursor.text.slice(start)))
      undecided('redirects a file descriptor');
    return parts;
  }

  /** Reads the rest of the text as a here-document: as in double quotes, but `"` is an ordinary character. */
  hereDocument(): Word {
    const parts: WordPart[] = [];
    for (;;) {
      const { next } = this.#cursor;
      if (next === undefined) return parts;
      parts.push(this.#quotedPart(next, ''));
    }
  }

  /** Skips past `end`, the close of `[[` or `((`, respecting quotes inside. */
  skipPast(end: ']]' | '))'): void {
    const cursor = this.#cursor;
    for (;;) {
      const { next } = cursor;
      if (next === undefined) undecided(`no ${end}`);
      if (cursor.startsWith(end)) break;
      if (next === ')' && end === '))') undecided('a subshell in a substitution');
      if (next === "'") this.#singleQuoted();
      else if (next === '"') this.#doubleQuoted();
      else if (next === '$') this.#dollar(true);
      else if (next === '`') this.#backquoted();
      else if (next === '\n' || next === '#') undecided(`${JSON.stringify(next)} before ${end}`);
      else if (next === '\\') cursor.position += 2;
      else if (next === '(' && end === '))') {
        cursor.position += 1;
        this.#context.nested(() => this.#skipParenthesis());
      } else cursor.position += 1;
    }
    cursor.position += 2;
    const behind = cursor.next;
    if (end === ']]' && behind !== undefined && !META.test(behind)) undecided('text behind ]]');
  }

  #skipParenthesis(): void {
    for (;;) {
      const { next } = this.#cursor;
      if (next === undefined || next === '\n' || next === "'" || next === '"' || next === '`')
        undecided('parentheses in an arithmetic expression');
      this.#cursor.position += 1;
      if (next === ')') return;
      if (next === '(') this.#context.nested(() => this.#skipParenthesis());
    }
  }

  /** Reads unquoted characters up to the next special one. */
  #literal(): { text: string; quoted: boolean } {
    const cursor = this.#cursor;
    if (cursor.next === '\\') {
      const escaped = cursor.text[cursor.position + 1];
      if (escaped === undefined) undecided('a backslash at the end');
      cursor.position += 2;
      return escaped === '\n' ? { text: '', quoted: false } : { text: escaped, quoted: true };
    }
    const text = cursor.take(/[^\s;&|<>()'"$`\\]+/y)?.[0] ?? undecided('no word');
    if (text.includes('~')) undecided('a home directory');
    return { text, quoted: false };
  }

  #singleQuoted(): string {
    const cursor = this.#cursor;
    const end = cursor.text.indexOf("'", cursor.position + 1);
    if (end < 0) undecided('a quote without end');
    const text = cursor.text.slice(cursor.position + 1, end);
    cursor.position = end + 1;
    return text;
  }

  #doubleQuoted(): WordPart[] {
    const cursor = this.#cursor;
    cursor.position += 1;
    const parts: WordPart[] = [{ kind: 'text', text: '', quoted: true }];
    for (;;) {
      const { next } = cursor;
      if (next === undefined) undecided('a quote without end');
      if (next === '"') {
        cursor.position += 1;
        return parts;
      }
      parts.push(this.#quotedPart(next, '"'));
    }
  }

  /** Reads a part inside double quotes or, if `quote` is empty, of a here-document. */
  #quotedPart(next: string, quote: '"' | ''): WordPart {
    const cursor = this.#cursor;
    if (next === '$') return this.#dollar(true);
    if (next === '`') return this.#backquoted();
    if (next === '\\') {
      const escaped = cursor.text[cursor.position + 1] ?? undecided('a backslash at the end');
      cursor.position += 2;
      if (escaped === '\n') return { kind: 'text', text: '', quoted: true };
      const special = '$`\\'.includes(escaped) || escaped === quote;
      return { kind: 'text', text: special ? escaped : `\\${escaped}`, quoted: true };
    }
    const text = cursor.take(quote === '"' ? /[^"$`\\]+/y : /[^$`\\]+/y)?.[0] ?? undecided('no text');
    return { kind: 'text', text, quoted: true };
  }

  #dollar(quoted: boolean): WordPart {
    const cursor = this.#cursor;
    cursor.position += 1;
    const next = cursor.next ?? '';
    if (cursor.startsWith('((')) {
      cursor.position += 2;
      this.#context.nested(() => this.skipPast('))'));
      return { kind: 'opaque', what: 'arithmetic' };
    }
    if (next === '(') {
      cursor.position += 1;
      return { kind: 'substitution', body: this.#context.substitution(), quoted };
    }
    if (next === '{') return this.#context.nested(() => this.#braced(quoted));
    const name = cursor.match(NAME)?.[0] ?? (/[0-9@*#?$!-]/.test(next) ? next : '');
    cursor.position += name.length;
    if (name === '') {
      if (next === "'" || next === '"') undecided("the quotes of $'…'");
      return { kind: 'text', text: '$', quoted };
    }
    return { kind: 'parameter', name, operator: '', operand: [], quoted };
  }

  #braced(quoted: boolean): WordPart {
    const cursor = this.#cursor;
    const found = cursor.match(/\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?])(:-|-|##|#|%%|%)?/y);
    const name = found?.[1] ?? '';
    const operator = (found?.[2] ?? '') as '' | '-' | ':-' | '#' | '##' | '%' | '%%';
    const after = cursor.position + (found?.[0].length ?? 0);
    if (found === null || (operator === '' && cursor.text[after] !== '}')) return this.#opaqueBraced();
    cursor.position = after;
    const operand: WordPart[] = [];
    for (;;) {
      const { next } = cursor;
      if (next === undefined || next === '\n') undecided('a parameter without end');
      if (next === '}') break;
      if (quoted && (next === "'" || next === '"')) undecided('a quote in a quoted parameter');
      if (next === "'") operand.push({ kind: 'text', text: this.#singleQuoted(), quoted: true });
      else if (next === '"') append(operand, this.#doubleQuoted());
      else if (next === '$') operand.push(this.#dollar(quoted));
      else if (next === '`' || next === '\\') undecided(`${next} in a parameter`);
      else {
        const text = cursor.take(/[^}'"$`\\\n]+/y)?.[0] ?? undecided('no text');
        operand.push({ kind: 'text', text, quoted: false });
      }
    }
    cursor.position += 1;
    return { kind: 'parameter', name, operator, operand, quoted };
  }

  /**
   * Reads an expansion such as `${a[@]}` or `${a//x/y}` up to the brace, provided that nothing in it could hide another brace.
   */
  #opaqueBraced(): WordPart {
    const found =
      this.#cursor.take(/\{[^{}'"`$\\\n]*\}/y) ?? undecided('a parameter expansion of unknown form');
    return { kind: 'opaque', what: `$${found[0]}` };
  }

  #backquoted(): WordPart {
    if (this.#cursor.take(/`(?:[^`\\]|\\.)*`/sy) === null) undecided('a backquote without end');
    return { kind: 'opaque', what: 'backquotes' };
  }
}
