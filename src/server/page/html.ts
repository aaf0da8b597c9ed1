import { printable } from '../../model/printable.ts';

/** Markup that may be sent: only `html` makes it. */
class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Html = Markup;

/** Value of a template: texts are escaped, markup stays, lists are joined, undefined and false are left out. */
type Value = Html | string | number | false | undefined | readonly Value[];

/**
 * Makes markup. Every value that is not markup itself is escaped for elements and for quoted attributes, so templates put quotes
 * around attributes. Control characters and marks that change the direction of text become visible.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Markup(strings.reduce((text, string, index) => text + textOf(values[index - 1]) + string));
}

function textOf(value: Value): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(textOf).join('');
  return printable(String(value)).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Returns an address of a package's index for a link; undefined unless it is one of the web. */
export function webAddress(text: string): string | undefined {
  return /^https?:\/\/[^\s]+$/i.test(text) ? text : undefined;
}
