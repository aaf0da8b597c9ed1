import type { Exchange } from '../http/exchange.ts';
import type { Choice } from './choices.ts';

/** Name or address with a port, as a `Host` header has it (RFC 9110, 7.2); anything else is not repeated to anybody. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Address of a server: its name, with its port, and the URL of the start page. */
export interface Address {
  readonly host: string;
  readonly url: string;
}

/**
 * Returns the server's address: as the configuration says, else as the client wrote it; `localhost` if that is not a name.
 * @param configured URL by which clients reach the server
 */
export function addressOf({ request }: Pick<Exchange, 'request'>, configured: string | undefined): Address {
  if (configured !== undefined) {
    const { host, href } = new URL(configured);
    return { host, url: href };
  }
  const { host = '' } = request.headers;
  const known = HOST.test(host) ? host : 'localhost';
  return { host: known, url: `${'encrypted' in request.socket ? 'https' : 'http'}://${known}/` };
}

/** Tells a client without a screen, such as curl, what this is. */
export function welcomeText({
  version,
  choices,
  pull,
  url,
}: {
  readonly version: string;
  readonly choices: readonly Choice[];
  readonly pull: string | undefined;
  readonly url: string;
}): string {
  const lines = [
    `pkgcompose ${version}: a registry that composes container images from packages as they are pulled.`,
    '',
    ...(pull === undefined ? [] : [`  ${pull}`, '']),
    'Packages of:',
    ...choices.map(({ distro, release, architecture }) => `  ${distro} ${release} ${architecture}`),
    '',
    `In a browser:  ${url}`,
    `As JSON:       curl -H 'Accept: application/json' '${url}?q=gcc'`,
  ];
  return `${lines.join('\n')}\n`;
}
