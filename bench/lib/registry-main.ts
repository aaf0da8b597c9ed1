/**
 * An OCI registry in memory, in a process of its own. For every line of standard input, `REPOSITORY COUNT`, it makes images like
 * that of the repository's tag 1 until there are so many, each with a tag of its own, and prints an empty line. Like docker-registry 2.8, it does
 * not delete tags, only manifests.
 */
import { createInterface } from 'node:readline';
import { digestOf } from '../../src/model/digest.ts';
import { startFakeRegistry } from '../../test/fake/registry.ts';

/** Tags a page, as docker-registry's default is 1,000 at most */
const PAGE_SIZE = 1_000;

const registry = await startFakeRegistry({ after: () => {} }, { pageSize: PAGE_SIZE });
const tags = new Map<string, string[]>();
registry.switches.intercept = ({ method, url = '' }, response) => {
  registry.requests.length = 0;
  if (method === 'DELETE' && /\/manifests\/(?!sha256:)/.test(url)) {
    response.writeHead(405).end();
    return true;
  }
  // The fake sorts all names of all repositories for each page.
  const listed = /^\/v2\/(.+)\/tags\/list(?:\?.*start=(\d+))?/.exec(url);
  const all = tags.get(listed?.[1] ?? '');
  if (listed === null || all === undefined) return false;
  const end = Number(listed[2] ?? 0) + PAGE_SIZE;
  const next = end < all.length ? { link: `<${url.replace(/\?.*/, '')}?start=${end}>; rel="next"` } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...next });
  response.end(JSON.stringify({ name: listed[1], tags: all.slice(end - PAGE_SIZE, end) }));
  return true;
};
console.log(registry.host);
for await (const line of createInterface(process.stdin)) {
  const [repository, count] = line.split(' ') as [string, string];
  fill(repository, Number(count));
  console.log('');
}
await registry.close();

function fill(repository: string, count: number): void {
  const first = registry.manifests.get(`${repository} 1`);
  if (first === undefined) throw new Error(`${repository}: there is no tag 1`);
  const names = tags.get(repository) ?? ['1'];
  const manifest = JSON.parse(first.bytes.toString()) as { annotations?: Record<string, string> };
  while (names.length < count) {
    const tag = `r${String(names.length).padStart(7, '0')}`;
    const bytes = Buffer.from(JSON.stringify({ ...manifest, annotations: { ...manifest.annotations, tag } }));
    const made = { mediaType: first.mediaType, bytes };
    registry.manifests.set(`${repository} ${tag}`, made);
    registry.manifests.set(`${repository} ${digestOf(bytes)}`, made);
    names.push(tag);
  }
  tags.set(repository, names);
}
