import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { cli } from '../app/harness.ts';
import { peer } from '../fixtures/peers.ts';
import { type RegistryProgram, startRegistry } from '../fixtures/registries.ts';
import { tempDir } from '../fixtures/temp.ts';
import { noise } from '../registry/harness.ts';

/** The library of the ORAS command line and a registry, both real, and a folder of files. */
interface Lab {
  readonly host: string;
  readonly folder: string;
  /** @returns what it prints: a digest, or several */
  oras(...words: readonly string[]): Promise<string>;
  /** @returns the report */
  compose<T>(...words: readonly string[]): Promise<T>;
}

async function setUp(t: TestContext, program: RegistryProgram): Promise<Lab | undefined> {
  const oras = peer(t, 'oras-go');
  const registry = oras === undefined ? undefined : await startRegistry(t, { program });
  if (oras === undefined || registry === undefined) {
    t.skip(`skipped: no oras-go or no ${program}`);
    return undefined;
  }
  const folder = tempDir(t);
  mkdirSync(join(folder, 'tree/deep/er'), { recursive: true });
  writeFileSync(join(folder, 'hi.txt'), 'hello\n');
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'big'), noise(5_000_000));
  writeFileSync(join(folder, 'tree/run'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(folder, `tree/deep/er/${'long name ü '.repeat(12)}`), noise(100_000));
  symlinkSync('../run', join(folder, 'tree/deep/link'));
  return {
    host: registry.host,
    folder,
    async oras(verb, ...words) {
      const options = { cwd: folder, maxBuffer: 2 ** 24 };
      return (
        await promisify(execFile)(oras, [verb as string, '--plain-http', ...words], options)
      ).stdout.trim();
    },
    async compose<T>(...words: readonly string[]): Promise<T> {
      const { code, stdout, stderr } = await cli([...words, '--json'], { cwd: folder });
      assert.equal(code, 0, stdout + stderr);
      return JSON.parse(stdout) as T;
    },
  };
}

const FILES = ['hi.txt:text/plain', 'empty', 'big', 'tree'];

async function sameTree(one: string, other: string): Promise<void> {
  const { stdout } = await promisify(execFile)('diff', ['-r', '--no-dereference', one, other]);
  assert.equal(stdout, '');
}

interface Digested {
  readonly digest: string;
}

for (const program of ['docker-registry', 'distribution-v3', 'ggcr-registry', 'compose-serve'] as const) {
  describe(program, () => {
    test('what either pushes, both pull', async (t) => {
      const lab = await setUp(t, program);
      if (lab === undefined) return;
      const { host, folder, oras, compose } = lab;
      const byOras = `${host}/a/oras:1`;
      const byUs = `${host}/a/compose:1`;
      const digest = await oras('push', '--artifact-type', 'application/vnd.test', byOras, ...FILES);
      const pushed = await compose<Digested>(
        'artifact',
        'push',
        byUs,
        ...FILES,
        '--artifact-type',
        'application/vnd.test',
      );
      for (const [at, reference] of [byOras, byUs].entries()) {
        const pulled = await compose<Digested>('artifact', 'pull', reference, '-o', `compose-${at}`);
        assert.equal(pulled.digest, at === 0 ? digest : pushed.digest);
        assert.equal(await oras('pull', '-o', join(folder, `oras-${at}`), reference), pulled.digest);
        for (const name of FILES.map((file) => file.replace(/:.*/, ''))) {
          await sameTree(join(folder, name), join(folder, `compose-${at}`, name));
          await sameTree(join(folder, name), join(folder, `oras-${at}`, name));
        }
        assert.deepEqual(readdirSync(join(folder, `compose-${at}`)).sort(), [
          'big',
          'empty',
          'hi.txt',
          'tree',
        ]);
      }
    });

    test('the manifests say the same', async (t) => {
      const lab = await setUp(t, program);
      if (lab === undefined) return;
      const { host, oras, compose } = lab;
      await oras('push', `${host}/a:1`, ...FILES);
      await compose('artifact', 'push', `${host}/b:1`, ...FILES);
      const [one, other] = await Promise.all(
        ['a', 'b'].map(async (name) => {
          const url = `http://${host}/v2/${name}/manifests/1`;
          const accept = 'application/vnd.oci.image.manifest.v1+json';
          return (await (await fetch(url, { headers: { accept } })).json()) as Record<string, unknown>;
        }),
      );
      assert.ok(one && other);
      for (const manifest of [one, other]) {
        // Of packing and time.
        const { annotations, layers } = manifest as {
          annotations: Record<string, string>;
          layers: { size: number; digest: string; annotations: Record<string, string> }[];
        };
        assert.deepEqual(Object.keys(annotations), ['org.opencontainers.image.created']);
        annotations['org.opencontainers.image.created'] = '';
        const tree = layers.at(-1);
        assert.ok(tree);
        Object.assign(tree, { size: 0, digest: '' });
        tree.annotations['io.deis.oras.content.digest'] = '';
      }
      assert.deepEqual(other, one);
    });

    test('attached to another one: either lists what the other attached', async (t) => {
      const lab = await setUp(t, program);
      if (lab === undefined) return;
      const { host, oras, compose } = lab;
      const reference = `${host}/a/b:1`;
      await oras('push', reference, 'hi.txt');
      const first = await oras('attach', '--artifact-type', 'a/one', reference, 'empty');
      const words = [
        'artifact',
        'push',
        `${host}/a/b`,
        'big',
        '--subject',
        reference,
        '--artifact-type',
        'a/two',
      ];
      const { digest: second } = await compose<Digested>(...words);
      assert.deepEqual((await oras('discover', reference)).split('\n').sort(), [first, second].sort());
      const { referrers } = await compose<{ referrers: Digested[] }>('inspect', reference, '--referrers');
      assert.deepEqual(referrers.map(({ digest }) => digest).sort(), [first, second].sort());
      // go-containerregistry takes the config's media type for the artifact's.
      if (program === 'ggcr-registry') return;
      assert.equal(await oras('discover', '--artifact-type', 'a/two', reference), second);
    });

    test('one file: by name, by the artifact’s digest, by its own', async (t) => {
      const lab = await setUp(t, program);
      if (lab === undefined) return;
      const { host, folder, oras, compose } = lab;
      const digest = await oras('push', `${host}/a/b:1`, ...FILES);
      for (const [at, location] of [
        `oras://${host}/a/b:1/big`,
        `oras://${host}/a/b@${digest}/big`,
        `${host}/a/b@${(await compose<Digested>('artifact', 'fetch', `${host}/a/b:1/big`, '-o', 'x')).digest}`,
      ].entries()) {
        await compose('artifact', 'fetch', location, '-o', `got-${at}`);
        assert.ok(readFileSync(join(folder, `got-${at}`)).equals(noise(5_000_000)), location);
      }
    });
  });
}
