import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { parseServeConfig } from '../../src/server/operations/config/config.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates } from '../fixtures/tls.ts';
import { deployFiles, nginxText } from './deploy-files.ts';

const FILES = deployFiles();

function file(name: string): string {
  const text = FILES.get(name);
  assert.ok(text !== undefined, `docs/deploy.md has no ${name}`);
  return text;
}

/** Runs a program; undefined if this machine does not have it. */
function run(program: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
  return status === 0 ? `ok ${stdout}${stderr}` : `exit code ${status}: ${stdout}${stderr}`;
}

const CONFIGURATIONS = [...FILES.keys()].filter((name) => /^(?:serve|behind-.*)\.yaml$/.test(name));

test('configurations on the page are accepted', async () => {
  assert.ok(CONFIGURATIONS.length >= 2);
  for (const name of CONFIGURATIONS) await parseServeConfig(file(name), name);
});

test('the configuration in the Kubernetes manifests is accepted', async () => {
  const [map] = parseAllDocuments(file('kubernetes.yaml')) as readonly { toJS(): unknown }[];
  const { data } = map?.toJS() as { data: Record<string, string> };
  await parseServeConfig(data['serve.yaml'] ?? '', 'serve.yaml');
});

test('the unit for systemd has no mistakes that systemd knows', (t) => {
  const unit = join(tempDir(t), 'compose.service');
  writeFileSync(unit, file('compose.service').replace('/usr/local/bin/compose', process.execPath));
  const result = run('systemd-analyze', ['verify', '--man=no', unit]);
  if (result === undefined) return t.skip('no systemd-analyze');
  const own = result.split('\n').filter((line) => line.includes('compose.service'));
  assert.deepEqual(own, [], result);
  return undefined;
});

test('the file for nginx has no mistakes that nginx knows', (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'tls'));
  const { serverCertificate, serverKey } = makeTestCertificates(join(folder, 'tls'));
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, nginxText(folder, { cert: serverCertificate, key: serverKey }));
  const result = run('nginx', ['-t', '-q', '-c', path, '-p', folder]);
  if (result === undefined) return t.skip('no nginx');
  assert.match(result, /^ok/);
  return undefined;
});

test('the other YAML files are YAML', () => {
  for (const [name, text] of FILES) {
    if (!name.endsWith('.yaml')) continue;
    for (const document of parseAllDocuments(text)) {
      assert.deepEqual('errors' in document ? document.errors : [], [], name);
    }
  }
});
