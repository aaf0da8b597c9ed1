import { type Html, html } from '../html.ts';
import { problemPanel } from './parts.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'That is not a request for this page',
  401: 'You need to log in',
  403: 'You may not see this',
  404: 'Not found',
  405: 'Only reading is possible here',
  413: 'Too large',
  429: 'Too many requests',
  502: 'The package repository does not answer',
  503: 'The server is busy',
  507: 'The server’s disk is full',
};

/** Renders an error: what is wrong, and what to do. @param home address of the start page */
export function errorPage(
  status: number,
  lines: readonly string[],
  advice: Html | undefined,
  home: string,
): Html {
  return html`<div><h1>${titleOf(status)}</h1></div>${problemPanel(`Error ${status}`, lines, advice)}
<p><a href="${home}">To the search</a></p>`;
}

/** Returns the headline of a status. */
export function titleOf(status: number): string {
  return TITLES[status] ?? 'Something went wrong';
}
