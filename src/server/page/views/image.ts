import { BASE_MODES } from '../../../app/settings/settings.ts';
import type { BaseMode, PlannedPackage, PlanReport } from '../../../model/request.ts';
import { type Html, html } from '../html.ts';
import type { ImageLayer } from '../layers.ts';
import { dockerfileText, recipeText } from '../recipe.ts';
import { hrefOf, type Visit, withoutPackage } from '../visit.ts';
import { codeBlock, number, packageLink, scrollable, size } from './parts.ts';
import { picture } from './picture.ts';

/** Names of images that are shown for a layer; JSON has all. */
const MAX_IMAGES = 3;

const BASE_TEXTS: Readonly<Record<BaseMode, string>> = {
  minimal: 'a shell, users and the package manager (minimal)',
  system: 'what the distribution’s own image has (system)',
  none: 'nothing but the packages and what they need (none)',
};

/** What the page says of an image. */
export interface ImageFacts {
  readonly plan: PlanReport;
  /** From the lowest to the topmost */
  readonly layers: readonly ImageLayer[];
  /** Name to pull it by, with the server's own; undefined: it has none */
  readonly name: string | undefined;
}

/** Renders the bag before it is known whether it can be installed: empty, or with what is wrong. @param problem panel */
export function bagPage(visit: Visit, problem?: Html): Html {
  if (visit.bag.length === 0) {
    return html`<div><h1>Your bag is empty</h1><p class="lead">Search for a package and add it. The bag is in the address of the page, so it can be bookmarked and sent to others.</p></div>`;
  }
  return html`${bagHead(visit)}${problem}`;
}

/** Renders the image that the bag makes. */
export function imagePage(visit: Visit, facts: ImageFacts): Html {
  const { plan, layers } = facts;
  return html`${bagHead(visit)}
${takeAway(visit, facts)}
${figures(plan, layers)}
${plan.warnings.length > 0 && html`<section class="panel"><h2>Worth knowing</h2>${plan.warnings.map((line) => html`<p class="lines">${line}</p>`)}</section>`}
<section><div class="section-head"><h2>Layers</h2><p>An area is as large as its layer</p></div>${picture(layers)}</section>
${layerTable(visit, facts)}`;
}

function bagHead(visit: Visit): Html {
  const { choice, bag } = visit;
  return html`<section><h1>An image with ${bag.length === 1 ? bag[0] : `${number(bag.length)} packages`}</h1>
<p class="lead">${choice.distro} ${choice.release} for ${choice.architecture}. This page’s address is the bag: bookmark it, or send it to others.</p></section>
<section class="stack" aria-label="Bag"><ul class="chips">${bag.map(
    (name) =>
      html`<li>${packageLink(visit, name)}<a href="${hrefOf('/image', withoutPackage(visit, name))}"><span aria-hidden="true">×</span><span class="hidden">Remove ${name}</span></a></li>`,
  )}</ul>
${baseForm(visit)}</section>`;
}

function baseForm({ choice, bag, base, defaultBase }: Visit): Html {
  return html`<form class="inline" action="/image" method="get" aria-label="Base"><input type="hidden" name="in" value="${choice.id}"><input type="hidden" name="bag" value="${bag.join(' ')}">
<label for="base">Besides these packages:</label> <select id="base" name="base">${BASE_MODES.map(
    (mode) =>
      html`<option value="${mode}"${mode === (base ?? defaultBase ?? BASE_MODES[0]) && html` selected`}>${BASE_TEXTS[mode]}</option>`,
  )}</select> <button>Apply</button></form>`;
}

function takeAway(visit: Visit, { name }: ImageFacts): Html {
  const recipe = part('Recipe', {
    text: recipeText(visit).trimEnd(),
    link: download('/image/recipe.yaml', visit, 'recipe.yaml'),
    note: html`Compose it anywhere: <code>compose build recipe.yaml</code>`,
  });
  if (name === undefined) {
    return html`<section aria-labelledby="take"><h2 id="take">Take it with you</h2>
<p class="note">No name can say all that is in this bag, so there is nothing to pull it by.</p>${recipe}</section>`;
  }
  return html`<section class="stack" aria-labelledby="take"><h2 id="take">Take it with you</h2>
${part('Pull', {
  text: `docker pull --platform ${visit.choice.platform} ${name}`,
  link: download('/image/image.tar', visit, 'image.tar'),
  note: html`podman, skopeo, crane and ctr take the same name. Load the file with <code>docker load -i image.tar</code>.`,
})}
<div class="columns">${part('Dockerfile', {
    text: dockerfileText(name, visit).trimEnd(),
    link: download('/image/Dockerfile', visit, 'Dockerfile'),
  })}${recipe}</div></section>`;
}

function download(path: string, visit: Visit, fileName: string): Html {
  return html`<a href="${hrefOf(path, visit)}" download="${fileName}">${fileName}</a>`;
}

function part(title: string, { text, link, note }: { text: string; link: Html | false; note?: Html }): Html {
  return html`<div><div class="section-head"><h3>${title}</h3>${link !== false && html`<p>Download ${link}</p>`}</div>${codeBlock(text, title)}${note !== undefined && html`<p class="note">${note}</p>`}</div>`;
}

function figures(
  { packages, downloadBytes, installedBytes }: PlanReport,
  layers: readonly ImageLayer[],
): Html {
  const total = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const shared = layers.reduce((sum, layer) => sum + (layer.sharedWith.length > 0 ? layer.sizeBytes : 0), 0);
  return html`<section aria-label="Summary"><dl class="figures">
<div><dt>packages</dt><dd>${number(packages.length)}</dd></div>
<div><dt>to pull</dt><dd>${size(total)}</dd></div>
<div><dt>shared with known images</dt><dd>${size(shared)}</dd></div>
<div><dt>unpacked</dt><dd>${size(installedBytes)}</dd></div>
<div><dt>this server has yet to fetch</dt><dd>${size(downloadBytes)}</dd></div>
</dl></section>`;
}

function layerTable(visit: Visit, { plan, layers }: ImageFacts): Html {
  const table = html`<table><thead><tr><th scope="col">Package</th><th scope="col">Version</th><th scope="col" class="number">Layer</th><th scope="col" class="number wide">Unpacked</th><th scope="col">Why</th><th scope="col" class="wide">Shared with</th></tr></thead><tbody>${plan.packages.map(
    (entry, index) =>
      html`<tr><th scope="row">${packageLink(visit, entry.name)}</th><td class="mono">${entry.version}</td><td class="number">${size(entry.sizeBytes)}</td><td class="number wide">${size(entry.installedSizeBytes)}</td><td>${reasonOf(entry, plan, visit)}</td><td class="wide">${sharing(layers[index]?.sharedWith ?? [])}</td></tr>`,
  )}</tbody></table>`;
  return html`<section><div class="section-head"><h2>Plan</h2><p>In the order of installation</p></div>${scrollable('Plan', table)}
<p class="note">A small layer with the package database and the effects of known scripts comes on top; it is made when the image is pulled. Above the limit of layers, the smallest packages share one.</p></section>`;
}

/** A package of the base is requested too, if others need it. */
function reasonOf({ name, reason }: PlannedPackage, { base }: PlanReport, { bag }: Visit): string {
  if (reason === 'dependency') return 'needed';
  const isInBag = reason === 'explicit' && (bag.includes(name) || !base.targets.includes(name));
  return isInBag ? 'in the bag' : 'base';
}

function sharing(images: readonly string[]): Html | string {
  if (images.length === 0) return '';
  const more = images.length - MAX_IMAGES;
  return html`<span class="mono images">${images.slice(0, MAX_IMAGES).join(', ')}</span>${more > 0 && ` and ${number(more)} more`}`;
}
