import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ComposeRequest } from '../../src/model/request.ts';
import { CATALOG_PULLED, CATALOG_PUSHED } from './catalog-samples.ts';
import { runFake } from './fake-app.ts';

const access = { insecure: false, ca: '', cert: '', key: '' };
const reference = 'registry.example/team/catalog:1';

describe('compose catalog', () => {
  test('push and pull hand on what they are told', async () => {
    const push = await runFake(['catalog', 'push', reference, '--json']);
    assert.deepEqual(push.calls, [{ name: 'catalogPush', argument: { reference, access } }]);
    assert.deepEqual(JSON.parse(push.stdout), JSON.parse(JSON.stringify(CATALOG_PUSHED)));
    const pull = await runFake(['catalog', 'pull', reference, '--json']);
    assert.deepEqual(pull.calls, [{ name: 'catalogPull', argument: { reference, believe: false, access } }]);
    assert.deepEqual(JSON.parse(pull.stdout), JSON.parse(JSON.stringify(CATALOG_PULLED)));
    const trusted = await runFake(['catalog', 'pull', reference, '--trust-catalog', '--insecure']);
    assert.deepEqual(trusted.calls, [
      { name: 'catalogPull', argument: { reference, believe: true, access: { ...access, insecure: true } } },
    ]);
  });

  test('what they say to a person', async () => {
    const push = await runFake(['catalog', 'push', reference]);
    assert.match(push.stdout, /^repositories {2}2 \(23030 packages\)$/m);
    assert.match(push.stdout, /^metadata of {3}64 archives$/m);
    const pull = await runFake(['catalog', 'pull', reference]);
    assert.match(pull.stdout, /^received {6}3\.1 MB; 130\.0 kB already cached$/m);
    for (const action of ['push', 'pull']) {
      const { stdout } = await runFake(['catalog', action, reference, '-q']);
      assert.equal(stdout, `${CATALOG_PULLED.digest}\n`);
    }
  });

  test('other words are usage errors', async () => {
    for (const words of [
      [],
      ['push'],
      ['pull'],
      ['drop', reference],
      ['push', reference, reference],
      ['push', reference, '--trust-catalog'],
    ]) {
      const { exitCode, calls, stderr } = await runFake(['catalog', ...words]);
      assert.equal(exitCode, 2, `${words} ${stderr}`);
      assert.deepEqual(calls, []);
    }
  });
});

describe('--store', () => {
  const requestOf = async (...words: readonly string[]): Promise<ComposeRequest> => {
    const { calls, stderr } = await runFake(words);
    assert.equal(calls.length, 1, stderr);
    return calls[0]?.argument as ComposeRequest;
  };

  test('goes with --push, and with compose push', async () => {
    const words = ['gcc', '--push', 'registry.example/gcc', '--store', 'registry.example/packages'];
    assert.equal((await requestOf(...words)).output.push?.store, 'registry.example/packages');
    const push = await runFake(['push', 'out.tar', 'registry.example/gcc:1', '--store', 'localhost/p']);
    assert.equal((push.calls[0]?.argument as { store?: string }).store, 'localhost/p');
  });

  test('alone, or with what is no repository, it is a usage error', async () => {
    for (const words of [
      ['gcc', '--store', 'registry.example/packages'],
      ['gcc', '--push', 'registry.example/gcc', '--store', 'registry.example/packages:1'],
      ['gcc', '--push', 'registry.example/gcc', '--store', ''],
    ]) {
      const { exitCode, calls } = await runFake(words);
      assert.equal(exitCode, 2, words.join(' '));
      assert.deepEqual(calls, []);
    }
  });
});
