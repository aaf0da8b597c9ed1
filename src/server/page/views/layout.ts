import type { Assets } from '../assets.ts';
import type { Choice } from '../choices.ts';
import { type Html, html } from '../html.ts';
import { hrefOf, type Visit } from '../visit.ts';

/** What every page has in its frame. */
export interface Frame {
  readonly assets: Assets;
  readonly choices: readonly Choice[];
  /** Of the product */
  readonly version: string;
  readonly visit: Visit;
}

/** Renders a page. @param main content below the search */
export function layout({ assets, choices, version, visit }: Frame, title: string, main: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · pkgcompose</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${assets.css.path}">
<script type="module" src="${assets.js.path}" blocking="render"></script>
<link rel="icon" href="${assets.svg.path}" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<div class="top">
<a class="brand" href="${hrefOf('/', visit)}"><img src="${assets.svg.path}" alt="" width="28" height="28">pkgcompose</a>
<button id="theme" class="small plain" type="button" hidden></button>
<nav id="bag" aria-label="Your image">${bagLink(visit)}</nav>
</div>
<search class="find">${searchForm(visit, choices)}</search>
</header>
<p id="said" class="hidden" role="status"></p>
<main id="main" tabindex="-1">
${main}
</main>
<footer class="foot"><p>pkgcompose ${version}</p><p>The same pages answer <code>Accept: application/json</code>.</p></footer>
</body>
</html>
`;
}

function bagLink(visit: Visit): Html {
  const { length } = visit.bag;
  return html`<a class="button small" href="${hrefOf('/image', visit)}">Bag <span class="count${length === 0 && ' none'}">${length}</span><span class="hidden"> ${length === 1 ? 'package' : 'packages'}</span></a>`;
}

function searchForm(visit: Visit, choices: readonly Choice[]): Html {
  const { bag, base, query } = visit;
  return html`<form action="/" method="get" role="search" aria-label="Packages">
<div class="text"><label class="hidden" for="q">Search packages</label>
<input id="q" name="q" type="search" value="${query}" maxlength="200" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="Search packages: gcc, openssl, cmd:git …" aria-keyshortcuts="/"><kbd aria-hidden="true">/</kbd></div>
${choiceField(visit.choice, choices)}
<span id="kept">${bag.length > 0 && html`<input type="hidden" name="bag" value="${bag.join(' ')}">`}${base !== undefined && html`<input type="hidden" name="base" value="${base}">`}</span>
<button class="primary">Search</button>
</form>`;
}

/** A menu of releases and architectures, by distribution; a field that is not seen if there is only one. */
function choiceField(chosen: Choice, choices: readonly Choice[]): Html {
  if (choices.length === 1) return html`<input type="hidden" name="in" value="${chosen.id}">`;
  const groups = Map.groupBy(choices, ({ distro }) => distro);
  return html`<label class="hidden" for="in">Distribution, release and architecture</label>
<select id="in" name="in">${[...groups].map(
    ([distro, members]) =>
      html`<optgroup label="${distro}">${members.map(
        ({ id, release, architecture }) =>
          html`<option value="${id}"${id === chosen.id && html` selected`}>${distro} ${release}, ${architecture}</option>`,
      )}</optgroup>`,
  )}</select>`;
}
