/** Characters that end an unquoted word. */
export const META = /[\s;&|<>()]/;

/** A position in the text of a script. Patterns are sticky regular expressions, which match only at that position. */
export class Cursor {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next character; `undefined` at the end. */
  get next(): string | undefined {
    return this.text[this.position];
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.position);
  }

  /** Matches the text at the position without taking it. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.position;
    return sticky.exec(this.text);
  }

  /** Takes the matching text; `null` if nothing matches. */
  take(sticky: RegExp): RegExpExecArray | null {
    const found = this.match(sticky);
    if (found !== null) this.position += found[0].length;
    return found;
  }
}
