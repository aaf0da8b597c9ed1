import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Digest } from '../../../src/model/digest.ts';
import { parseReference, withDigest } from '../../../src/model/reference.ts';
import { readBlob } from '../../../src/registry/blobs.ts';
import { getManifest } from '../../../src/registry/manifests.ts';
import { openSession } from '../../../src/registry/session.ts';
import type { RegistrySession } from '../../../src/registry/types.ts';
import { start } from '../../app/harness.ts';
import { peer } from '../../fixtures/peers.ts';
import { type RegistryProgram, startRegistry } from '../../fixtures/registries.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { nobody } from '../../registry/harness.ts';
import { type Publisher, startPublisher, until } from './harness.ts';

const PROGRAMS: readonly RegistryProgram[] = ['docker-registry', 'distribution-v3'];
const IMAGES = ['tool', 'lib', 'app', 'more', 'tool/app', 'app/more', 'lib/more', 'tool/more'].map(
  (words) => `bare/alpine/${words}`,
);
const CLIENTS = 8;
const SKOPEO = '/usr/bin/skopeo';

interface ServerProcess {
  readonly url: string;
  readonly port: number;
  kill(): void;
}

/** `compose serve` as a process of its own, with an empty cache. */
async function startServer(t: TestContext, { host, from }: Publisher): Promise<ServerProcess> {
  const folder = tempDir(t);
  const { child } = start(
    [
      ...['serve', '--listen', '127.0.0.1:0', '--cache', join(folder, 'cache')],
      ...['--store', `${host}/packages`, '--catalog', `${host}/catalog:1`, '--trust-catalog'],
      ...['--catalog-refresh', '1', '--release', from.release, '--arch', 'x86_64'],
      ...['--mirror', String(from.mirrors[0]), '--keyring', from.keyring],
    ],
    { env: { HOME: folder } },
  );
  t.after(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (bytes) => {
      text += bytes;
      const found = /serving on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', () => reject(new Error(text)));
  });
  const server = { url, port: Number(new URL(url).port), kill: () => void child.kill('SIGKILL') };
  await until('ready', async () => (await fetch(`${url}/readyz`)).status === 200);
  return server;
}

/** A round-robin balancer of connections: one that a server does not take goes to the next. */
async function startBalancer(t: TestContext, servers: readonly ServerProcess[]): Promise<string> {
  let turn = 0;
  const open = new Set<Socket>();
  const forward = (client: Socket, left: number): void => {
    const server = servers[turn++ % servers.length]!;
    const upstream = connect(server.port, '127.0.0.1');
    let isThere = false;
    upstream.on('connect', () => {
      isThere = true;
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => (isThere || left === 0 ? client.destroy() : forward(client, left - 1)));
    upstream.on('close', () => void (isThere && client.destroy()));
    client.on('close', () => upstream.destroy());
    client.on('error', () => upstream.destroy());
  };
  const balancer = createServer({ pauseOnConnect: false }, (client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    forward(client, servers.length);
  });
  await new Promise<void>((resolve) => void balancer.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    balancer.close();
  });
  return `127.0.0.1:${(balancer.address() as { port: number }).port}`;
}

/** Pulls all of an image, and checks every digest. @returns that of its index */
async function pullAll(session: RegistrySession, host: string, name: string): Promise<Digest> {
  const reference = parseReference(`${host}/${name}:latest`);
  const index = await getManifest(session, reference);
  const { manifests } = JSON.parse(String(index.bytes)) as { manifests: { digest: Digest }[] };
  for (const { digest } of manifests) {
    const manifest = await getManifest(session, withDigest(reference, digest));
    const { config, layers } = JSON.parse(String(manifest.bytes));
    for (const blob of [config, ...layers]) for await (const _ of readBlob(session, reference, blob));
  }
  return index.descriptor.digest;
}

for (const program of PROGRAMS) {
  test(`three servers before ${program}: one is killed and a catalog published while many pull; nothing is lost or wrong`, async (t) => {
    const registry = await startRegistry(t, { program });
    if (registry === undefined) return t.skip(`no ${program}`);
    const publisher = await startPublisher(t, registry.host);
    await publisher.publish('1.0-r0');
    const servers = await Promise.all([1, 2, 3].map(() => startServer(t, publisher)));
    const balanced = await startBalancer(t, servers);
    const open = () => {
      // A connection each, as many machines have.
      const session = openSession({ credentials: nobody, backoffMs: 20, retries: 8 });
      t.after(() => session.close());
      return session;
    };
    const own = open();
    const before = new Map<string, Digest>();
    for (const name of IMAGES.slice(0, 4)) before.set(name, await pullAll(own, balanced, name));

    const seen = new Map<string, Set<Digest>>(IMAGES.map((name) => [name, new Set()]));
    let pulls = 0;
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let at = client; !isOver; at++) {
        const session = openSession({ credentials: nobody, backoffMs: 20, retries: 8 });
        const name = IMAGES[at % IMAGES.length]!;
        try {
          seen.get(name)?.add(await pullAll(session, balanced, name));
          pulls += 1;
        } finally {
          await session.close();
        }
      }
    });
    const others = otherClients(t, balanced);
    await sleep(1_000);
    servers[0]!.kill();
    await sleep(500);
    await publisher.publish('2.0-r0');
    const named = await others;
    await sleep(4_000);
    isOver = true;
    await Promise.all(clients);
    t.diagnostic(`${pulls} pulls by our client; and by others: ${named.join(', ') || 'none are here'}`);
    assert.ok(pulls >= 3 * CLIENTS, `${pulls}`);

    const fresh = await startServer(t, publisher);
    const alive = [...servers.slice(1), fresh];
    const hosts = alive.map(({ url }) => new URL(url).host);
    for (const name of IMAGES) {
      const now = await Promise.all(hosts.map((host) => pullAll(own, host, name)));
      assert.equal(new Set(now).size, 1, `${name}: ${now.join(' ')}`);
      const digests = new Set([...(seen.get(name) ?? []), ...now]);
      assert.ok(
        digests.size <= 2,
        `${name} was of the old catalog or of the new one: ${[...digests].join(' ')}`,
      );
      for (const digest of [...digests, before.get(name) ?? now[0]!]) {
        for (const host of hosts) {
          const reference = withDigest(parseReference(`${host}/${name}`), digest);
          assert.equal((await getManifest(own, reference)).descriptor.digest, digest);
        }
      }
      if (before.has(name)) assert.notEqual(now[0], before.get(name), `${name} has moved on`);
    }
  });
}

/** Pulls by other programs, again and again as their users would. @returns their names */
async function otherClients(t: TestContext, host: string): Promise<readonly string[]> {
  const run = promisify(execFile);
  const crane = peer(t, 'crane');
  const commands: [string, string[]][] = [];
  if (existsSync(SKOPEO))
    commands.push([
      SKOPEO,
      ['copy', '--src-tls-verify=false', '--retry-times', '5', '--override-arch', 'amd64'],
    ]);
  if (crane !== undefined) commands.push([crane, ['pull', '--insecure', '--format', 'oci']]);
  const names: string[] = [];
  for (const [program, words] of commands) {
    const isSkopeo = program === SKOPEO;
    for (const name of ['bare/alpine/tool', 'bare/alpine/app/more', 'bare/alpine/lib/more']) {
      const folder = join(tempDir(t), 'image');
      const places = isSkopeo
        ? [`docker://${host}/${name}:latest`, `dir:${folder}`]
        : [`${host}/${name}:latest`, folder];
      await repeated(() => run(program, [...words, ...places], { timeout: 60_000 }));
    }
    names.push(isSkopeo ? 'skopeo' : 'crane');
  }
  return names;
}

/** A client whose connection was on the server that was killed begins again. */
async function repeated(work: () => Promise<unknown>): Promise<void> {
  for (let left = 3; ; left--) {
    try {
      await work();
      return;
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
