/** What ends an unquoted word. */
export const META = /[\s;&|<>()]/;

/** A place in the text of a script. Patterns are sticky regular expressions: they match there or not at all. */
export class Cursor {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The character that is next; `undefined` at the end. */
  get next(): string | undefined {
    return this.text[this.position];
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.position);
  }

  /** Matches what is next without taking it. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.position;
    return sticky.exec(this.text);
  }

  /** Takes what matches; `null` where nothing does. */
  take(sticky: RegExp): RegExpExecArray | null {
    const found = this.match(sticky);
    if (found !== null) this.position += found[0].length;
    return found;
  }
}
