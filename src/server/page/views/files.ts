import { count } from '../../../model/amounts.ts';
import type { FilesReport } from '../../../model/package-report.ts';
import { type Html, html } from '../html.ts';
import { hrefOf, type Visit } from '../visit.ts';
import { number } from './parts.ts';

/** A browser takes more, nobody reads it; JSON has all. */
const MAX_PATHS = 10_000;

/** Renders the files of a package. */
export function filesPage(visit: Visit, { name, version, source, paths }: FilesReport): Html {
  const more = paths.length - MAX_PATHS;
  return html`<div><h1>Files of ${name} <span class="quiet">${version}</span></h1>
<p class="lead">${count(paths.length, 'path')}, ${source === 'archive' ? 'read from the verified archive' : 'from the repository’s list'}. <a href="${hrefOf('/package', visit, { name })}">Back to ${name}</a></p></div>
<section aria-label="Files"><ul class="paths">${paths.slice(0, MAX_PATHS).map((path) => html`<li>${path}</li>`)}</ul>
${more > 0 && html`<p class="note">and ${number(more)} more</p>`}</section>`;
}
