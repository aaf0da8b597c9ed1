import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barText, createProgress } from '../../src/cli/progress.ts';

function capture(isTTY = false) {
  let text = '';
  const stderr = { write: (chunk: string) => (text += chunk), isTTY, columns: 80 };
  return { stderr, text: () => text };
}

test('without a terminal: a line at the start and the end of tasks of a second, none for short ones', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const out = capture();
  const progress = createProgress({ stderr: out.stderr, quiet: false, drawing: true });
  const short = progress.task('short', 10, 'items');
  const long = progress.task('fetch gcc', 2_000_000, 'bytes');
  now = 400;
  short.done();
  now = 1000;
  t.mock.timers.tick(1000);
  assert.equal(out.text(), 'fetch gcc (2.0 MB)…\n');
  long.advance(2_000_000);
  now = 2500;
  long.done();
  long.done();
  assert.equal(out.text(), 'fetch gcc (2.0 MB)…\nfetch gcc: 2.0 MB in 2.5 s\n');
  progress.close();
});

test('lines never flood', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const out = capture();
  const progress = createProgress({ stderr: out.stderr, quiet: false, drawing: true });
  for (let at = 0; at < 1000; at += 1) progress.task(`task ${at}`, undefined, 'items');
  t.mock.timers.tick(1000);
  assert.equal(out.text().split('\n').length, 102);
  assert.match(out.text(), /further progress is not shown\n$/);
});

test('notes are kept without progress, and dropped with --quiet; control bytes are shown', () => {
  for (const [quiet, expected] of [
    [false, 'note: a\\u001b[2Jb\n'],
    [true, ''],
  ] as const) {
    for (const isTTY of [true, false]) {
      const out = capture(isTTY);
      const progress = createProgress({ stderr: out.stderr, quiet, drawing: !quiet });
      progress.note('a\u001b[2Jb');
      progress.close();
      assert.equal(out.text(), expected);
    }
  }
});

test('nothing is drawn without drawing, on a terminal either', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const out = capture(true);
  const progress = createProgress({ stderr: out.stderr, quiet: false, drawing: false });
  progress.task('x', 1, 'items').advance(1);
  t.mock.timers.tick(5000);
  progress.close();
  assert.equal(out.text(), '');
});

test('on a terminal: a task that lasts is drawn, and taken away at the end', async () => {
  const { Writable } = await import('node:stream');
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const stderr = Object.assign(stream, {
    isTTY: true,
    columns: 80,
    rows: 24,
    cursorTo() {},
    clearLine() {},
    moveCursor() {},
  });
  const progress = createProgress({ stderr, quiet: false, drawing: true });
  progress.task('short', 1, 'items').done();
  const task = progress.task('fetch gcc', 200, 'items');
  for (let waited = 0; waited < 100 && !text.includes('fetch gcc'); waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    task.advance(1);
  }
  assert.match(text, /fetch gcc +[█░]{24} \d+ of 200/);
  assert.doesNotMatch(text, /short/);
  progress.note('mirror failed');
  task.done();
  progress.close();
  const closed = text.length;
  task.advance(1);
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(text.length, closed);
});

test('a bar fits its terminal and survives odd totals', () => {
  const task = { label: 'x'.repeat(200), total: 100, unit: 'bytes', amount: 50 } as const;
  for (const columns of [20, 80, 200]) assert.ok(barText(task, 0.5, columns).length < columns);
  for (const share of [Number.NaN, -1, 2, Number.POSITIVE_INFINITY])
    assert.ok(barText(task, share).length < 80);
  assert.match(barText({ ...task, label: 'a', total: undefined }, 0), /^a +50 B$/);
  assert.match(barText({ ...task, label: 'a', total: 0 }, 0), /^a +50 B$/);
});
