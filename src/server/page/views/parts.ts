import { formatSize } from '../../../model/amounts.ts';
import { type Html, html } from '../html.ts';
import { hrefOf, type Visit, withoutPackage, withPackage } from '../visit.ts';

/** A link to a package's page. */
export function packageLink(visit: Visit, name: string): Html {
  return html`<a href="${hrefOf('/package', visit, { name })}">${name}</a>`;
}

/**
 * A link that puts a package into the bag or takes it out.
 * @param path of the page that is shown then, with its own words of the address
 */
export function bagSwitch(
  visit: Visit,
  name: string,
  {
    path,
    more = {},
    look = 'small',
  }: { path: string; more?: { q?: string; name?: string; all?: string }; look?: string },
): Html {
  if (visit.bag.includes(name)) {
    return html`<a class="button ${look}" href="${hrefOf(path, withoutPackage(visit, name), more)}">Remove<span class="hidden"> ${name} from the bag</span></a>`;
  }
  const fuller = withPackage(visit, name);
  if (fuller === undefined) return html`<span class="quiet">The bag is full</span>`;
  return html`<a class="button ${look}" href="${hrefOf(path, fuller, more)}">${look === 'primary' ? 'Add to bag' : html`Add<span class="hidden"> ${name} to the bag</span>`}</a>`;
}

/** A size; the exact number of bytes is its title. */
export function size(bytes: number): Html {
  return html`<span title="${bytes.toLocaleString('en')} bytes">${formatSize(bytes)}</span>`;
}

/** A number with separators of thousands. */
export function number(amount: number): string {
  return amount.toLocaleString('en');
}

/** Lines to copy. @param name what they are, for the button */
export function codeBlock(text: string, name: string): Html {
  return html`<div class="code" data-name="${name}"><pre tabindex="0" aria-label="${name}"><code>${text}</code></pre></div>`;
}

/** A table that scrolls sideways where it does not fit. */
export function scrollable(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

/** A message in the frame of a page. */
export function problemPanel(title: string, lines: readonly string[], more?: Html): Html {
  return html`<section class="panel wrong"><h2>${title}</h2>${lines.map((line) => html`<p class="lines">${line}</p>`)}${more}</section>`;
}
