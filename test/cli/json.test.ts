import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFake } from './fake-app.ts';
import { fieldsOf, JSON_TYPES } from './json-shapes.ts';

const REF = 'registry.example/a:1';
/** A command line for each row of docs/json.md. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  ComposeReport: ['gcc'],
  PlanReport: ['plan', 'gcc'],
  'IndexReport[]': ['index'],
  'IngestReport[]': ['ingest', 'a.apk'],
  SearchReport: ['search', 'git'],
  'ShowReport[]': ['show', 'git'],
  'FilesReport[]': ['files', 'git'],
  OwnsReport: ['owns', '/bin/git'],
  'DependsReport[]': ['depends', 'git'],
  GraphReport: ['depends', '--tree', 'git'],
  DependentsReport: ['rdepends', 'musl'],
  WhyReport: ['why', 'musl', '--in', 'git'],
  'ProvidersReport[]': ['providers', 'cmd:git'],
  VerifyReport: ['verify', 'a.tar'],
  DiffReport: ['diff', 'a.tar', 'b.tar'],
  InspectReport: ['inspect', REF],
  CopyReport: ['push', 'a.tar', REF],
  PullReport: ['pull', REF],
  TagsReport: ['tags', 'registry.example/a'],
  RemoveReport: ['rm', REF],
  LoginReport: ['login', 'registry.example', '-u', 'me'],
  LogoutReport: ['logout', 'registry.example'],
  ArtifactPushReport: ['artifact', 'push', REF, 'file'],
  ArtifactPullReport: ['artifact', 'pull', REF],
  ArtifactFetchReport: ['artifact', 'fetch', `${REF}/file`],
  CatalogPushReport: ['catalog', 'push', REF],
  CatalogPullReport: ['catalog', 'pull', REF],
  MirrorAddReport: ['mirror', 'add', 'git', '--to', 'registry.example/a'],
  MirrorListReport: ['mirror', 'ls', 'registry.example/a'],
  'CacheEntryReport[]': ['cache', 'ls'],
  CacheVerifyReport: ['cache', 'verify'],
  CacheGcReport: ['cache', 'gc'],
};

for (const [line, type] of JSON_TYPES) {
  test(`--json of ${line} has the fields of ${type}`, async () => {
    const words = LINES[type];
    assert.ok(words !== undefined, 'a line for the type');
    const { stdout, stderr } = await runFake([...words, '--json'], { typed: ['password'] });
    const document: unknown = JSON.parse(stdout);
    assert.equal(Array.isArray(document), type.endsWith('[]'), stderr);
    const fields = fieldsOf(type);
    assert.ok(fields !== undefined && fields.required.size > 0);
    for (const item of [document].flat() as object[]) {
      const names = Object.keys(item);
      assert.deepEqual(
        names.filter((name) => !fields.all.has(name)),
        [],
        'fields that are not documented',
      );
      const got = new Set(names);
      assert.deepEqual(
        [...fields.required].filter((name) => !got.has(name)),
        [],
        'fields that are missing',
      );
    }
  });
}
