import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { disturbance, readLoad } from '../lib/load.ts';
import { median } from '../lib/measure.ts';
import { composeName, NAMES, newNames } from '../lib/new-names.ts';
import { markdownTable } from '../lib/results.ts';
import { type Peer, peakMiB, type Served, startCompose, startNginx, startPeers } from '../lib/serve-rig.ts';
import { addText, beginPart, compose, record, work } from '../lib/workbench.ts';
import { hasWrk, wrk } from '../lib/wrk.ts';
import { runZb, type ZbResult } from '../lib/zb.ts';

const CACHE = 'serve';
const ROUNDS = 3;
/** Of the file that is streamed */
const BLOB_MIB = 64;
const PULLERS = 200;
const BASE = ['alpine-base', 'git', 'make', 'binutils', 'musl-dev', 'jq', 'openssh', 'chrony'];
const ACCEPT = `Accept: ${MEDIA_TYPES.index}, ${MEDIA_TYPES.manifest}`;
const NONE = { seconds: Number.NaN, peakMiB: Number.NaN };

/** `compose serve` beside docker-registry 2.8, distribution 3 and nginx, on loopback. `data`: the folder of the Alpine data */
export async function servePeers(data: string): Promise<void> {
  beginPart('Serving, beside other registries');
  if (!hasWrk()) {
    console.log('skipped: serving is measured with wrk, which is not installed');
    return;
  }
  const endings: (() => void | Promise<void>)[] = [];
  const after = (ending: () => void | Promise<void>): void => void endings.push(ending);
  try {
    const layout = join(work, 'serve-image');
    const source = sourceOptions(data);
    compose(CACHE, ...BASE, ...source, '--format', 'oci-dir', '-o', layout);
    const served = await startCompose(after, CACHE, source);
    const peers = await startPeers(after);
    record({
      ...NONE,
      what: 'compose serve: start to first answer',
      seconds: served.startSeconds,
      target: '≤ 0.3 s',
      holds: served.startSeconds <= 0.3,
    });
    for (const { url } of [served, ...peers]) {
      compose(CACHE, 'push', layout, `${new URL(url).host}/bench/app:1`);
    }
    manifests(served, peers);
    await blobs(served, peers, after);
    await parallelPulls(served);
    await firstCompositions(served);
    await zbCases([served, ...peers]);
  } finally {
    for (const ending of endings.reverse()) await ending();
  }
}

function sourceOptions(data: string): readonly string[] {
  const repositories = ['v3.19-iso/x86_64', 'v3.19-pool/x86_64'];
  const trust = ['--keyring', join(data, 'keys'), '--allow-untrusted'];
  const folders = repositories.flatMap((name) => ['--repo', join(data, name)]);
  return ['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64', ...folders, ...trust];
}

interface Contender {
  readonly name: string;
  readonly url: string;
}

/** Asks all in turn, several times; medians, and why they do not count. */
function inTurn<T>(
  contenders: readonly Contender[],
  ask: (url: string) => T,
  figure: (result: T) => number,
): { readonly values: ReadonlyMap<string, number>; readonly busy: string | undefined } {
  const all = new Map<string, number[]>();
  const before = readLoad();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, url } of contenders) all.set(name, [...(all.get(name) ?? []), figure(ask(url))]);
  }
  const values = new Map([...all].map(([name, figures]) => [name, median(figures)]));
  return { values, busy: disturbanceOfOthers(before) };
}

/** The servers are our own children and still run: what they use is not others' work. */
function disturbanceOfOthers(before: ReturnType<typeof readLoad>): string | undefined {
  return disturbance(before, readLoad());
}

function manifests(served: Peer, peers: readonly Peer[]): void {
  const composed = {
    name: 'compose serve, composed name',
    url: `${served.url}/v2/alpine/git/make/manifests/latest`,
  };
  const stored = [served, ...peers].map(({ name, url }) => ({
    name,
    url: `${url}/v2/bench/app/manifests/1`,
  }));
  const contenders = [composed, ...stored];
  const failures: string[] = [];
  const { values, busy } = inTurn(
    contenders,
    (url) => {
      const result = wrk(url, 32, [ACCEPT]);
      if (result.failed > 0) failures.push(`${url}: ${result.failed} failed`);
      return result;
    },
    ({ requestsPerSecond }) => requestsPerSecond,
  );
  addText(
    markdownTable(
      ['GET of a manifest, 32 connections', 'requests/s'],
      [...values].map(([name, rate]) => [name, rate.toFixed(0)]),
    ),
  );
  const own = values.get(composed.name) ?? 0;
  const best = Math.max(...peers.map(({ name }) => values.get(name) ?? 0));
  record({
    ...NONE,
    what: `composed manifest, warm: ${own.toFixed(0)} requests/s beside ${best.toFixed(0)}${failures.join('; ')}`,
    target: '≥ 3,000 and not below the other registries',
    holds: own >= 3_000 && own >= best && failures.length === 0,
    busy,
  });
}

async function blobs(
  served: Peer,
  peers: readonly Peer[],
  after: (ending: () => void | Promise<void>) => void,
): Promise<void> {
  const bytes = randomBytes(BLOB_MIB * 1024 * 1024);
  const digest = digestOf(bytes);
  for (const { url } of [served, ...peers]) await pushBlob(url, bytes, digest);
  const folder = join(work, 'serve-nginx');
  mkdirSync(folder);
  writeFileSync(join(folder, 'blob'), bytes);
  const nginx = await startNginx(after, folder);
  const contenders = [
    ...[served, ...peers].map(({ name, url }) => ({ name, url: `${url}/v2/bench/blob/blobs/${digest}` })),
    ...(nginx === undefined ? [] : [{ name: nginx.name, url: `${nginx.url}/blob` }]),
  ];
  const { values, busy } = inTurn(
    contenders,
    (url) => wrk(url, 4),
    ({ bytesPerSecond }) => bytesPerSecond,
  );
  addText(
    markdownTable(
      [`a blob of ${BLOB_MIB} MiB, 4 connections`, 'MiB/s'],
      [...values].map(([name, rate]) => [name, (rate / 2 ** 20).toFixed(0)]),
    ),
  );
  const ratio = (values.get(served.name) ?? 0) / (values.get('nginx') ?? Number.NaN);
  record({
    ...NONE,
    what: `blob streaming: ${ratio.toFixed(2)} × nginx`,
    target: '≥ 0.8',
    holds: ratio >= 0.8,
    busy,
  });
}

async function pushBlob(url: string, bytes: Buffer, digest: string): Promise<void> {
  const begun = await fetch(`${url}/v2/bench/blob/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location') ?? '', url);
  location.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const { status } = await fetch(location, { method: 'PUT', body: new Uint8Array(bytes), headers });
  if (status !== 201) throw new Error(`PUT ${location}: ${status}`);
}

/** All blobs of an image, by so many clients at once. */
async function parallelPulls(served: Served): Promise<void> {
  const manifest = (await (
    await fetch(`${served.url}/v2/bench/app/manifests/1`, { headers: { accept: MEDIA_TYPES.manifest } })
  ).json()) as { readonly layers: readonly { readonly digest: string; readonly size: number }[] };
  const started = performance.now();
  let wrong = 0;
  const pull = async (): Promise<void> => {
    for (const { digest, size } of manifest.layers) {
      const response = await fetch(`${served.url}/v2/bench/app/blobs/${digest}`);
      let got = 0;
      for await (const piece of response.body ?? []) got += (piece as Uint8Array).length;
      if (got !== size) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: PULLERS }, pull));
  const peak = peakMiB(served.pid);
  record({
    what: `${PULLERS} pulls at once of ${manifest.layers.length} layers${wrong === 0 ? '' : `; ${wrong} WRONG`}`,
    seconds: (performance.now() - started) / 1000,
    peakMiB: peak,
    target: '≤ 250 MiB, nothing wrong',
    holds: peak <= 250 && wrong === 0,
  });
}

/** Compositions before which code is still being compiled, and what is measured */
const WARM_UP = 40;
const MEASURED = 60;

/** Names that nobody has asked for, of packages that the catalog knows. */
async function firstCompositions(served: Served): Promise<void> {
  await composeName(served.url, NAMES);
  const choose = newNames();
  for (const [count, what] of [
    [3, '3 packages and their dependencies, about 20 layers'],
    [20, '20 packages and their dependencies'],
  ] as const) {
    for (let round = 0; round < WARM_UP; round++) await composeName(served.url, choose(count));
    const times: number[] = [];
    for (let round = 0; round < MEASURED; round++) times.push(await composeName(served.url, choose(count)));
    const seconds = median(times);
    const holds = seconds <= 0.025;
    record({
      ...NONE,
      what: `first composition of a name of ${what}, p50`,
      seconds,
      target: '≤ 25 ms',
      holds,
    });
  }
}

async function zbCases(peers: readonly Peer[]): Promise<void> {
  const results = new Map<string, readonly ZbResult[]>();
  for (const { name, url } of peers) results.set(name, await runZb(url));
  const names = [...results.keys()];
  const rows = (results.get(names[0] ?? '') ?? []).map(({ name }, index) => [
    name,
    ...names.map((peer) => {
      const result = results.get(peer)?.[index];
      if (result === undefined) return '';
      const failed = result.failed === 0 ? '' : `, ${result.failed} failed`;
      return `${(result.requests / result.seconds).toFixed(1)}/s, p99 ${result.p99Ms.toFixed(0)} ms${failed}`;
    }),
  ]);
  addText(markdownTable(['the cases of zb, 10 clients', ...names], rows));
}
