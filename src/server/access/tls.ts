import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { reasonOf } from '../../files/errno.ts';
import { readLimitedInput } from '../../files/limited-file.ts';
import { AppError } from '../../model/app-error.ts';
import { type Report, Watched } from './watched.ts';

/** PEM files of TLS, and whether clients have to have certificates. */
export interface TlsOptions {
  /** Certificate, and those between it and its authority */
  readonly cert: string;
  readonly key: string;
  /** Authority of client certificates */
  readonly clientCa?: string;
  /** Default, with an authority: `required` */
  readonly clientCertificates?: 'required' | 'optional';
}

/** What a server is made with, and how it learns that the files have changed. */
export interface Tls {
  readonly options: SecureContextOptions & {
    readonly requestCert: boolean;
    readonly rejectUnauthorized: boolean;
  };
  onChange(listener: (options: SecureContextOptions) => void): void;
  reload(): Promise<void>;
  close(): void;
}

const MAX_PEM_BYTES = 1 << 20;
const MINIMUM = 'TLSv1.2';

/** Reads certificates and keys, and watches their files. @throws AppError USAGE if they cannot be read, or do not fit together */
export async function openTls(options: TlsOptions, report: Report): Promise<Tls> {
  const { cert, key, clientCa, clientCertificates = 'required' } = options;
  const paths = [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
  const files = await Watched.open(paths, () => readTls(options, report), report);
  return {
    options: {
      ...files.value,
      requestCert: clientCa !== undefined,
      rejectUnauthorized: clientCa !== undefined && clientCertificates === 'required',
    },
    onChange: (listener) => files.onChange(listener),
    reload: () => files.reload(),
    close: () => files.close(),
  };
}

async function readTls({ cert, key, clientCa }: TlsOptions, report: Report): Promise<SecureContextOptions> {
  const [certPem, keyPem] = [await read(cert, 'certificate'), await read(key, 'private key')];
  const certificate = parsed(cert, 'a certificate', () => new X509Certificate(certPem));
  const privateKey = parsed(key, 'a private key', () => createPrivateKey(keyPem));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new AppError('USAGE', `${key}: is not the key of the certificate ${cert}`, {
      hint: 'The first certificate of the file has to be that of the server.',
    });
  }
  if (Date.parse(certificate.validTo) < Date.now()) {
    report(`${cert}: the certificate ended on ${certificate.validTo}`);
  }
  const ca = clientCa === undefined ? undefined : await read(clientCa, 'authority of clients');
  if (ca !== undefined) parsed(clientCa ?? '', 'certificates', () => new X509Certificate(ca));
  const options = {
    cert: certPem,
    key: keyPem,
    minVersion: MINIMUM,
    ...(ca === undefined ? {} : { ca }),
  } as const;
  parsed(cert, 'certificates', () => createSecureContext(options));
  return options;
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readLimitedInput(path, MAX_PEM_BYTES);
  } catch (error) {
    const reason = error instanceof AppError ? error.message : reasonOf(error);
    throw new AppError('USAGE', `cannot read the ${what} ${path}: ${reason}`, { cause: error });
  }
}

function parsed<Value>(path: string, what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new AppError('USAGE', `${path}: expected ${what} in PEM: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
