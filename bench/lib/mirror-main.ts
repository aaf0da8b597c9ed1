/** Serves a folder on loopback and prints the URL. It keeps files in memory: what it costs should be next to nothing. */
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

interface File {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const root = process.argv[2] as string;
const files = new Map<string, File | undefined>();

function fileAt(url: string): File | undefined {
  if (files.has(url)) return files.get(url);
  const path = join(root, normalize(decodeURIComponent(new URL(url, 'http://mirror').pathname)));
  const found = statSync(path, { throwIfNoEntry: false });
  const file = found?.isFile() ? { bytes: readFileSync(path), headers: headersOf(found) } : undefined;
  files.set(url, file);
  return file;
}

const headersOf = ({ size, mtime }: { readonly size: number; readonly mtime: Date }) => ({
  'content-type': 'application/octet-stream',
  'content-length': String(size),
  etag: `"${size.toString(16)}-${mtime.getTime().toString(16)}"`,
  'last-modified': mtime.toUTCString(),
});

const server = createServer(({ method, url = '/', headers }, response) => {
  const file = fileAt(url);
  if (file === undefined) {
    response.writeHead(404).end();
  } else if (headers['if-none-match'] === file.headers.etag) {
    response.writeHead(304, { etag: file.headers.etag }).end();
  } else {
    response.writeHead(200, file.headers);
    response.end(method === 'HEAD' ? undefined : file.bytes);
  }
});
server.keepAliveTimeout = 30_000;
server.listen(0, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
