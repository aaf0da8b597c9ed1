import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { SecureContext } from 'node:tls';

/** Where systems keep all of their authorities in one file: Debian, Fedora, SUSE, Alpine and others, in Go's order. */
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
 * PEM texts of the authorities that every TLS connection trusts: those of the system and Node.js's own, or in place of both
 * what SSL_CERT_FILE and SSL_CERT_DIR name, as OpenSSL and Go have it; NODE_EXTRA_CA_CERTS beside them. Read at the first
 * connection that needs them; each once, since parsing them is what takes time.
 */
export function authorities(): readonly string[] {
  known ??= [...new Map(readAuthorities(process.env).map((pem) => [pem.replace(/\s/g, ''), pem])).values()];
  return known;
}

/** Of these authorities, made once. */
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

/** None where there is no such file: the certificate that is then not accepted tells of it. */
function inFile(path: string): readonly string[] {
  try {
    return path === '' ? [] : (readFileSync(path, 'latin1').match(CERTIFICATE) ?? []);
  } catch {
    return [];
  }
}

/** Not loaded by commands that use no TLS. */
function tlsModule(): typeof import('node:tls') {
  return createRequire(import.meta.url)('node:tls') as typeof import('node:tls');
}
