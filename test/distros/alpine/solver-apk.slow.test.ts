import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { APK_3, solverRules } from '../../../src/distros/alpine/rules.ts';
import { type ApkChangeRequest, change, solve } from '../../../src/distros/alpine/solver.ts';
import { compareVersions } from '../../../src/distros/alpine/version.ts';
import type { Change } from '../../../src/distros/transaction.ts';
import type { SolveResult } from '../../../src/model/package.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { memorySource, type TextRepository } from './memory-source.ts';
import { parseIndexText } from './parse-index.ts';

/** What apk 3 answered: packages in install order, `name-version[@tag]`, or its error report. */
interface Answer {
  readonly install?: readonly string[];
  readonly error?: readonly string[];
}

/** Real apk 3's answers; undefined where they are not here. */
function answers<T>(name: string): T[] | undefined {
  const path = sharedData(`vectors/${name}`);
  if (path === undefined) return undefined;
  const bytes = readFileSync(path);
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function answerOf(result: SolveResult): Answer {
  if (!result.ok) return { error: result.report };
  return {
    install: result.packages.map(
      ({ package: { name, version, tag } }) => `${name}-${version}${tag === '' ? '' : `@${tag}`}`,
    ),
  };
}

test('answers as apk 3 on every closure of a real index', (t) => {
  const rows = answers<Answer & { add: string[] }>('alpine-317-closures.jsonl.gz');
  const index = sharedData('vectors/data/APKINDEX-317.tar.gz');
  if (rows === undefined || index === undefined) return t.skip('skipped: shared/vectors is not here');
  const text = execFileSync('tar', ['-xzOf', index, 'APKINDEX'], { maxBuffer: 1 << 28 }).toString('utf8');
  const source = memorySource([{ tag: null, index: text }]);
  for (const { add, install, error } of rows) {
    const got = answerOf(solve({ targets: add, architecture: 'aarch64' }, source));
    assert.deepEqual(got, install === undefined ? { error } : { install }, add.join(' '));
  }
  t.diagnostic(`${rows.length} rows`);
});

/** The column of the answers, and the rules of the apk that gave them. */
const APKS = [
  { column: 'apk2', rules: solverRules('2.14.10') },
  { column: 'apk3', rules: APK_3 },
] as const;

for (const name of ['apk-fuzz.jsonl.gz', 'apk-edge.jsonl']) {
  for (const { column, rules } of APKS) {
    test(`answers as ${column} on every row of ${name}`, (t) => {
      const rows = answers<{
        id?: number;
        title?: string;
        add: string[];
        repos: TextRepository[];
        apk2: Answer;
        apk3: Answer;
      }>(name);
      if (rows === undefined) return t.skip('skipped: shared/vectors is not here');
      for (const { id, title, add, repos, [column]: expected } of rows) {
        const result = solve({ targets: add, architecture: 'x86_64' }, memorySource(repos), rules);
        assert.deepEqual(answerOf(result), expected, `${title ?? id}: ${add.join(' ')}`);
        if (!result.ok) assert.ok(result.problems.length > 0, 'and says why');
      }
      t.diagnostic(`${rows.length} rows`);
    });
  }
}

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly world: readonly string[];
  readonly installed: string;
  readonly repos: readonly TextRepository[];
  readonly expect: readonly string[];
  readonly error: boolean;
  readonly changes: readonly {
    readonly op: string;
    readonly name: string;
    readonly tag: string | null;
    readonly old: string | null;
    readonly version: string;
  }[];
}

/** Needs more than the solver: options of apk's own for packages, its cache and its own upgrade. */
const BEYOND = /^(fix|--no-network)|--self-upgrade-only|--preupgrade|--prune/;

function requestOf({ args, world, installed }: Case): ApkChangeRequest {
  const virtual = args[args.indexOf('-t') + 1];
  const words = args.filter((word, at) => !word.startsWith('-') && args[at - 1] !== '-t').slice(1);
  const has = (...options: string[]): boolean => args.some((word) => options.includes(word));
  const packages = parseIndexText(installed ?? '', 'installed');
  return {
    targets: args.includes('del') ? [] : words,
    remove: args.includes('del') ? words : [],
    architecture: 'x86_64',
    world,
    installed: packages.map((entry) => ({ package: entry, reason: 'dependency', tag: '' })),
    ...(args.includes('upgrade') ? { upgrade: 'all' } : has('-u', '--upgrade') ? { upgrade: 'targets' } : {}),
    ...(has('-t') && virtual !== undefined ? { virtual } : {}),
    latest: has('-l', '--latest'),
    available: has('-a', '--available'),
  };
}

function lineOf(entry: Change): string {
  if (entry.kind === 'remove') return `Purging ${entry.old.name} (${entry.old.version})`;
  const { name, version, tag } = entry.package;
  const label = tag === '' ? name : `${name}@${tag}`;
  if (entry.kind === 'install') return `Installing ${label} (${version})`;
  const order = compareVersions(version, entry.old.version);
  const verb = order > 0 ? 'Upgrading' : order < 0 ? 'Downgrading' : 'Replacing';
  return `${verb} ${label} (${entry.old.version} -> ${version})`;
}

test("answers as apk 3 on the cases of apk's own tests", (t) => {
  const rows = answers<Case>('apk-solver/cases.jsonl');
  if (rows === undefined) return t.skip('skipped: shared/vectors is not here');
  let beyond = 0;
  for (const row of rows) {
    if (BEYOND.test(row.args.join(' '))) {
      beyond += 1;
      continue;
    }
    const result = change(requestOf(row), memorySource(row.repos));
    const got = result.ok ? result.changes.map(lineOf) : result.report;
    const expected = row.expect
      .filter((line) => row.error || /^\(\d+\/\d+\) /.test(line))
      .map((line) => line.replace(/^\(\d+\/\d+\) /, ''));
    assert.deepEqual(got, expected, `${row.name}: apk ${row.args.join(' ')}`);
  }
  t.diagnostic(
    `${rows.length - beyond} of ${rows.length} cases; the others are fix, apk's cache and its own upgrade`,
  );
});
