import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../src/model/app-error.ts';
import { type Digest, digestOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { CatalogFollower } from '../../../src/server/behind/catalog-follower.ts';
import { RegistryHealth } from '../../../src/server/behind/health.ts';
import { type FakeRegistry, startFakeRegistry } from '../../fake/registry.ts';
import { quickSession } from '../../registry/harness.ts';

interface TestHooks {
  after(fn: () => Promise<void>): void;
}

function publish(registry: FakeRegistry, text: string): Digest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, text }));
  const digest = digestOf(bytes);
  for (const name of ['1', digest])
    registry.manifests.set(`catalog ${name}`, { mediaType: MEDIA_TYPES.manifest, bytes });
  return digest;
}

async function setup(t: TestHooks, more: { readonly reference?: string; readonly refreshMs?: number } = {}) {
  const registry = await startFakeRegistry(t);
  const notes: string[] = [];
  const pulled: string[] = [];
  const failures: AppError[] = [];
  const follower = new CatalogFollower(
    {
      reference: more.reference ?? `${registry.host}/catalog:1`,
      trusted: true,
      refreshMs: more.refreshMs ?? 20,
    },
    {
      session: quickSession(t, { retries: 0 }),
      health: new RegistryHealth(),
      note: (text) => notes.push(text),
      async pull(reference) {
        pulled.push(reference);
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
      },
    },
  );
  t.after(() => follower.stop());
  return { registry, notes, pulled, failures, follower };
}

test('each published catalog is pulled once, by its digest', async (t) => {
  const { registry, pulled, follower } = await setup(t);
  const first = publish(registry, 'first');
  await follower.look();
  await follower.look();
  assert.equal(follower.generation, first);
  const second = publish(registry, 'second');
  await follower.look();
  assert.equal(follower.generation, second);
  const names = [first, second].map((digest) => `${registry.host}/catalog@${digest}`);
  assert.deepEqual(pulled, names);
  assert.equal(registry.requests.filter(({ method }) => method === 'GET').length, 0, 'the tag is looked at');
});

test('a catalog that cannot be used leaves the earlier one, is told once, and is tried again', async (t) => {
  const { registry, notes, pulled, failures, follower } = await setup(t);
  const first = publish(registry, 'first');
  await follower.look();
  failures.push(
    ...[1, 2].map(
      () => new AppError('UNSUPPORTED', 'written by another version', { hint: 'Push it again.' }),
    ),
  );
  const second = publish(registry, 'second');
  await follower.look();
  await follower.look();
  assert.equal(follower.generation, first);
  assert.equal(follower.problem, 'written by another version (Push it again.)');
  assert.equal(notes.filter((note) => note.includes('another version')).length, 1, notes.join('\n'));
  assert.match(notes.join('\n'), new RegExp(`${first} stays in use`));
  await follower.look();
  assert.equal(follower.generation, second);
  assert.equal(follower.problem, undefined);
  assert.equal(pulled.length, 4);
});

test('a registry that is down, or lacks the catalog, is asked again until it has it', async (t) => {
  const { registry, follower } = await setup(t);
  follower.start();
  await until(() => follower.problem !== undefined);
  assert.match(String(follower.problem), /there is no such catalog/);
  registry.switches.intercept = (_, response) => {
    response.writeHead(503).end();
    return true;
  };
  await until(() => /503/.test(follower.problem ?? ''));
  assert.equal(follower.generation, undefined);
  registry.switches.intercept = undefined;
  const digest = publish(registry, 'first');
  await until(() => follower.generation === digest);
  assert.equal(follower.problem, undefined);
});

test('a catalog by tag has to be trusted, or named by digest', () => {
  const make = (reference: string) =>
    new CatalogFollower(
      { reference, trusted: false, refreshMs: 1 },
      { session: undefined as never, health: new RegistryHealth(), note() {}, pull: async () => {} },
    );
  assert.throws(() => make('registry.example/catalog:1'), { code: 'USAGE', message: /--trust-catalog/ });
  make(`registry.example/catalog@${digestOf('')}`);
});

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isSo(); turn++) await sleep(10);
  assert.ok(isSo());
}
