import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { SecureContext } from 'node:tls';

/** Files in which systems keep all of their authorities: Debian, Fedora, SUSE, Alpine and others, in Go's order. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const FOLDER = '/etc/ssl/certs';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

let known: readonly string[] | undefined;
let context: SecureContext | undefined;

/**
 * Returns the authorities that every TLS connection trusts, as PEM texts, each once. These are the system's and Node.js's own,
 * or, as in OpenSSL and Go, those that SSL_CERT_FILE and SSL_CERT_DIR name instead; NODE_EXTRA_CA_CERTS adds to either. They are
 * read once, when the first connection needs them.
 */
export function authorities(): readonly string[] {
  known ??= [...new Map(readAuthorities(process.env).map((pem) => [pem.replace(/\s/g, ''), pem])).values()];
  return known;
}

/** Returns the TLS context that trusts `authorities()`. It is made once, since parsing the certificates takes time. */
export function trustedContext(): SecureContext {
  context ??= tlsModule().createSecureContext({ ca: [...authorities()] });
  return context;
}

function readAuthorities(env: NodeJS.ProcessEnv): readonly string[] {
  const { SSL_CERT_FILE: file = '', SSL_CERT_DIR: folders = '' } = env;
  const extra = inFile(env.NODE_EXTRA_CA_CERTS ?? '');
  if (file !== '' || folders !== '') {
    return [...inFile(file), ...folders.split(delimiter).flatMap(inFolder), ...extra];
  }
  return [...tlsModule().rootCertificates, ...systemAuthorities(), ...extra];
}

function systemAuthorities(): readonly string[] {
  if (process.platform !== 'linux') return tlsModule().getCACertificates('system');
  for (const path of BUNDLES) {
    const found = inFile(path);
    if (found.length > 0) return found;
  }
  return inFolder(FOLDER);
}

function inFolder(folder: string): readonly string[] {
  try {
    return folder === '' ? [] : readdirSync(folder).flatMap((name) => inFile(join(folder, name)));
  } catch {
    return [];
  }
}

/** Returns nothing if the file cannot be read: a certificate that is then not accepted will be reported. */
function inFile(path: string): readonly string[] {
  try {
    return path === '' ? [] : (readFileSync(path, 'latin1').match(CERTIFICATE) ?? []);
  } catch {
    return [];
  }
}

/** Loads node:tls when it is needed: not all commands use TLS. */
function tlsModule(): typeof import('node:tls') {
  return createRequire(import.meta.url)('node:tls') as typeof import('node:tls');
}
