import { REQUESTS, type RequestRecord } from '../fetch/request-log.ts';
import { formatSize } from './render/format.ts';

/** Renders a request: `GET https://mirror.example/main/x86_64/APKINDEX.tar.gz: 200, 461.0 kB in 120 ms`. */
export function requestLine({ method, url, status, ...sums }: RequestRecord): string {
  const sent = sums.sentBytes === 0 ? '' : `${formatSize(sums.sentBytes)} sent, `;
  const outcome =
    status === undefined ? 'no response' : `${status}, ${sent}${formatSize(sums.receivedBytes)}`;
  return `${method} ${url}: ${outcome} in ${Math.round(sums.tookMs)} ms`;
}

/** Writes a line for every HTTP request when it ends. Returns a function that stops it. */
export function showRequests(write: (line: string) => void): () => void {
  const listen = (record: unknown) => write(requestLine(record as RequestRecord));
  REQUESTS.subscribe(listen);
  return () => REQUESTS.unsubscribe(listen);
}
