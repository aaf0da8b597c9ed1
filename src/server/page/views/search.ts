import type { FoundPackage, SearchReport } from '../../../model/package-report.ts';
import { type Html, html } from '../html.ts';
import { hrefOf, type Visit } from '../visit.ts';
import { bagSwitch, codeBlock, number, packageLink } from './parts.ts';

/** Number of matches on the page, and with `all`. */
export const SHOWN = { best: 50, all: 500 };

/** Provided names that are shown of a match. */
const MAX_PROVIDES = 3;

/**
 * Renders the start page: what was found, else what the server is.
 * @param example line that pulls an image; undefined: none can be pulled
 */
export function searchPage(
  visit: Visit,
  report: SearchReport | undefined,
  example: string | undefined,
): Html {
  const { distro, release, architecture } = visit.choice;
  const title =
    report === undefined
      ? html`<h1>Container images, composed from packages as you pull them</h1>
<p class="lead">Search the packages of ${distro}, put some into the bag, and pull the image. Its layers are the distribution’s own archives, unmodified, so images share them with each other.</p>`
      : html`<h1>Packages of ${distro} ${release} <span class="quiet">${architecture}</span></h1>`;
  return html`<div id="title">${title}<p id="status">${report !== undefined && statusOf(visit, report)}</p></div>
<section id="results" aria-label="Results">${report === undefined ? steps(example) : resultsOf(visit, report)}</section>`;
}

function statusOf({ query }: Visit, { total, packages }: SearchReport): string {
  if (total === 0) return `No package matches “${query}”.`;
  const found = `${number(total)} ${total === 1 ? 'package matches' : 'packages match'} “${query}”`;
  return packages.length < total ? `${found}; the best ${packages.length} are shown.` : `${found}.`;
}

function resultsOf(visit: Visit, { total, packages, nearest }: SearchReport): Html {
  if (total === 0) {
    if (nearest.length === 0)
      return html`<p class="note">Try a part of the name, or a word of the description.</p>`;
    return html`<p class="note">Did you mean ${nearest.map(
      (name, index) => html`${index > 0 && ', '}<a href="${hrefOf('/', visit, { q: name })}">${name}</a>`,
    )}?</p>`;
  }
  const { query, all } = visit;
  const canShowMore = packages.length < Math.min(total, SHOWN.all) && !all;
  return html`<ol class="results">${packages.map((found) => result(visit, found))}</ol>
${canShowMore && html`<p class="note"><a href="${hrefOf('/', visit, { q: query, all: '1' })}">Show ${total <= SHOWN.all ? `all ${number(total)}` : `the best ${SHOWN.all}`}</a></p>`}`;
}

function result(visit: Visit, found: FoundPackage): Html {
  const { name, version, repository, description, provides } = found;
  const { query: q, all } = visit;
  const more = provides.length > MAX_PROVIDES ? ` and ${provides.length - MAX_PROVIDES} more` : '';
  return html`<li><div><div class="name">${packageLink(visit, name)}</div><div class="version">${version}</div></div>
<div class="about">${description}${
    provides.length > 0 &&
    html`<div class="version">provides ${provides.slice(0, MAX_PROVIDES).join(', ')}${more}</div>`
  }</div>
<div class="where wide">${repository}</div>
${bagSwitch(visit, name, { path: '/', more: { q, ...(all ? { all: '1' } : {}) } })}</li>`;
}

function steps(example: string | undefined): Html {
  return html`${
    example !== undefined &&
    html`<section><div class="section-head"><h2>The name is the recipe</h2><p>Try it now</p></div>${codeBlock(example, 'docker pull')}</section>`
  }
<ol class="steps">
<li><h2>Find</h2><p>Names, descriptions and what packages provide, such as <code>cmd:git</code> or a library. Press <kbd>/</kbd> to search from any page.</p></li>
<li><h2>Collect</h2><p>The bag is in the address of the page: bookmark it, or send it to a colleague.</p></li>
<li><h2>Leave</h2><p>With a line that pulls the image, a Dockerfile, a recipe, or the image as a file.</p></li>
</ol>`;
}
