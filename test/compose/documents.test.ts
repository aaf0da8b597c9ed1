import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ConfigInput, imageConfig } from '../../src/compose/image-config.ts';
import { imageManifest } from '../../src/compose/manifest.ts';
import { stackTree } from '../../src/compose/stack-tree.ts';
import type { Tree } from '../../src/compose/tree.ts';
import type { DiffId } from '../../src/model/digest.ts';
import { digestOf } from '../../src/model/digest.ts';
import { facts } from './entries.ts';

const ROOT = tree('d bin', 'f bin/busybox elf', 'l bin/sh /bin/busybox', 'l bin/bash ../missing');
const DIFF_ID = `sha256:${'a'.repeat(64)}` as DiffId;
const NOTHING: ConfigInput['options'] = {
  env: [],
  entrypoint: undefined,
  cmd: undefined,
  user: '',
  workdir: '',
  labels: {},
  expose: [],
  annotations: {},
};

function tree(...lines: string[]): Tree {
  const one = facts('p', lines);
  return stackTree([{ parts: [{ digest: one.digest, files: one.files }] }]);
}

function config(options: Partial<ConfigInput['options']> = {}, more: Partial<ConfigInput> = {}): string {
  return imageConfig({
    platform: { os: 'linux', architecture: 'amd64' },
    options: { ...NOTHING, ...options },
    path: '/usr/bin:/bin',
    shells: ['/bin/bash', '/bin/sh'],
    tree: ROOT,
    created: 1_700_000_040,
    layers: [{ diffId: DIFF_ID, createdBy: 'busybox-1-r0' }],
    ...more,
  }).toString();
}

const FRAME = (inner: string, platform = '"architecture":"amd64","os":"linux"') =>
  `{"created":"2023-11-14T22:14:00Z",${platform},"config":{${inner}},"rootfs":{"type":"layers","diff_ids":["${DIFF_ID}"]},"history":[{"created":"2023-11-14T22:14:00Z","created_by":"busybox-1-r0"}]}`;
const ENV = '"Env":["PATH=/usr/bin:/bin"]';

describe('golden bytes of the image config', () => {
  test('nothing asked for: PATH, and the first shell that is a file, through symlinks', () => {
    assert.equal(config(), FRAME(`${ENV},"Cmd":["/bin/sh"]`));
    const bash = tree('d bin', 'f bin/bash elf', 'f bin/sh elf');
    assert.equal(config({}, { tree: bash }), FRAME(`${ENV},"Cmd":["/bin/bash"]`));
    const loop = tree('d bin', 'l bin/sh bash', 'l bin/bash sh');
    for (const none of [loop, tree('d bin'), tree('d bin', 'd bin/sh'), tree('l bin usr/bin')]) {
      assert.equal(config({}, { tree: none }), FRAME(ENV));
    }
    const merged = tree('l bin usr/bin', 'd usr', 'd usr/bin', 'f usr/bin/sh elf');
    assert.equal(config({}, { tree: merged }), FRAME(`${ENV},"Cmd":["/bin/sh"]`));
  });

  test('everything asked for, in one order whatever the order of asking', () => {
    const wanted = {
      entrypoint: ['/init', '--'],
      cmd: ['serve'],
      user: '1000:100',
      workdir: '/srv',
      expose: ['9000/udp', '80', '443/tcp'],
      env: ['A=1', 'PATH=/opt/bin', 'B=', 'A=2=3'],
      labels: { z: '1', a: '2' },
    };
    const all =
      '"User":"1000:100","ExposedPorts":{"443/tcp":{},"80/tcp":{},"9000/udp":{}},"Env":["PATH=/opt/bin","A=2=3","B="],"Entrypoint":["/init","--"],"Cmd":["serve"],"WorkingDir":"/srv","Labels":{"a":"2","z":"1"}';
    assert.equal(config(wanted), FRAME(all));
    assert.equal(config({ ...wanted, expose: wanted.expose.toReversed() }), FRAME(all));
  });

  test('an entrypoint has no shell as its arguments; a command has no entrypoint', () => {
    assert.equal(config({ entrypoint: ['/x'] }), FRAME(`${ENV},"Entrypoint":["/x"]`));
    assert.equal(config({ cmd: ['/x'] }), FRAME(`${ENV},"Cmd":["/x"]`));
    assert.equal(config({ cmd: [] }), FRAME(`${ENV},"Cmd":[]`));
  });

  test('a variant is named', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
    const named = '"architecture":"arm","variant":"v7","os":"linux"';
    assert.equal(config({ cmd: ['x'] }, { platform }), FRAME(`${ENV},"Cmd":["x"]`, named));
  });
});

test('golden bytes of the image manifest', () => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('c'), size: 7 };
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf('l'), size: 9 };
  const bytes = (annotations: Record<string, string>, own?: Record<string, string>) =>
    imageManifest({
      config,
      layers: [own === undefined ? layer : { ...layer, annotations: own }, layer],
      annotations,
    }).toString();
  const head = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"${digestOf('c')}","size":7},"layers":[`;
  const plain = `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"${digestOf('l')}","size":9`;
  assert.equal(bytes({}), `${head}${plain}},${plain}}]}`);
  assert.equal(bytes({}, {}), `${head}${plain}},${plain}}]}`);
  assert.equal(
    bytes({ b: '1', a: '2' }, { d: '1', c: '2' }),
    `${head}${plain},"annotations":{"c":"2","d":"1"}},${plain}}],"annotations":{"a":"2","b":"1"}}`,
  );
});
