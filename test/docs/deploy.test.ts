import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { parseServeConfig } from '../../src/server/operations/config/config.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates } from '../fixtures/tls.ts';

/** Files of docs/deploy.md by their names, which their first lines have. */
const FILES = new Map(
  [
    ...readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8').matchAll(
      /^```\w+\n# (\S+)\n([\s\S]*?)^```$/gm,
    ),
  ].map(([, name = '', text = '']) => [name, text]),
);

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
  const text = file('nginx.conf')
    .replace('/etc/nginx/tls/registry.pem', serverCertificate)
    .replace('/etc/nginx/tls/registry.key', serverKey);
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${text}\n}\n`,
  );
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
