import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { problemLines } from '../../src/cli/render/problems.ts';
import type { SolveProblem, SolveTerm } from '../../src/model/package.ts';
import {
  type Alternatives,
  ResolutionError,
  type ResolutionFailure,
} from '../../src/model/resolution-error.ts';
import { runFake } from './fake-app.ts';

const NOTHING: Alternatives = { nearest: [], providers: [], elsewhere: [], hint: '' };

/** A term as `verdict requirement asker asker…`, outermost first; without askers it is the request's own. */
function term(text: string): SolveTerm {
  const [verdict, requirement = '', ...askers] = text.split(' ');
  return { verdict: verdict as SolveTerm['verdict'], requirement, chain: ['world', ...askers] };
}

function problem(
  kind: SolveProblem['kind'],
  subject: string,
  more: Partial<SolveProblem & Alternatives> & { readonly told?: readonly string[] } = {},
): SolveProblem & Alternatives {
  const { told = [], ...rest } = more;
  const terms = told.map(term);
  return {
    kind,
    subject,
    terms,
    requirement: terms[0]?.requirement ?? subject,
    chain: terms[0]?.chain ?? ['world'],
    message: 'the solver’s sentence',
    candidates: [],
    ...NOTHING,
    ...rest,
  };
}

function failure(...problems: ResolutionFailure['problems']): ResolutionFailure {
  return { distro: 'alpine', problems, report: ['ERROR: unable to select packages:', '  x-1:'] };
}

async function shown(...problems: ResolutionFailure['problems']): Promise<string> {
  return runText(['plan', 'x'], failure(...problems));
}

async function runText(words: readonly string[], facts: ResolutionFailure): Promise<string> {
  const plan = async () => Promise.reject(new ResolutionError(facts));
  return (await runFake(words, { answers: { plan } })).stderr;
}

const text = (...lines: string[]) => `${lines.join('\n')}\n`;

test('one requirement of the request: the sentence says it all', async () => {
  assert.equal(
    await shown(
      problem('unknown', 'gitt', {
        told: ['requires gitt'],
        message: 'no such package: gitt',
        hint: 'Did you mean git?',
      }),
    ),
    text('error: no such package: gitt', 'hint: Did you mean git?'),
  );
});

test('an unknown dependency: who needs it, and how that came to be wanted', async () => {
  assert.equal(
    await shown(
      problem('unknown', 'nvme-cli', {
        told: ['requires nvme-cli>2 tiny-cloud-aws-3-r0', 'requires nvme-cli all-1-r0 tools-2-r0'],
        hint: 'Available elsewhere: nvme-cli-2.6-r0 in alpine edge main x86_64 (--release edge).',
      }),
    ),
    text(
      'error: no such package: nvme-cli',
      '  needed as  nvme-cli>2  you → tiny-cloud-aws-3-r0',
      '             nvme-cli    you → all-1-r0 → tools-2-r0',
      'hint: Available elsewhere: nvme-cli-2.6-r0 in alpine edge main x86_64 (--release edge).',
    ),
  );
});

test('requirements that clash stand below each other, the shortest chain first', async () => {
  assert.equal(
    await shown(
      problem('version', 'openssl-1.1.1-r0', {
        told: [
          'breaks openssl>=3 git-2-r0 curl-8.5.0-r0',
          'satisfies so:libssl.so.1.1 a-1-r0 b-1-r0',
          'satisfies openssl<3',
        ],
        candidates: ['openssl-1.1.1-r0', 'openssl-3.1.0-r0'],
      }),
    ),
    text(
      'error: openssl-1.1.1-r0 does not satisfy openssl>=3',
      '  must satisfy  openssl>=3        you → git-2-r0 → curl-8.5.0-r0',
      '  needed as     openssl<3         you',
      '                so:libssl.so.1.1  you → a-1-r0 → b-1-r0',
      '  available     openssl-3.1.0-r0',
    ),
  );
});

test('what the request forbids', async () => {
  assert.equal(
    await shown(problem('version', 'musl-1.2-r0', { told: ['breaks !musl', 'satisfies musl>1 git-2-r0'] })),
    text(
      'error: musl-1.2-r0 is excluded by !musl',
      '  excluded by  !musl   you',
      '  needed as    musl>1  you → git-2-r0',
    ),
  );
});

test('two that exclude each other', async () => {
  assert.equal(
    await shown(
      problem('conflict', 'a-1-r0', {
        message: 'a-1-r0 and b-1-r0 both provide cmd:x: only one can be installed',
        told: ['conflicts cmd:x=1 b-1-r0', 'satisfies a'],
        candidates: ['a-1-r0', 'b-1-r0'],
      }),
    ),
    text(
      'error: a-1-r0 and b-1-r0 both provide cmd:x: only one can be installed',
      '  in conflict  cmd:x=1  you → b-1-r0',
      '  needed as    a        you',
    ),
  );
});

test('what is never chosen automatically: its providers', async () => {
  assert.equal(
    await shown(
      problem('virtual', 'java-jre', { told: ['requires java-jre ant-1-r0'], candidates: ['jre8', 'jre17'] }),
    ),
    text(
      'error: java-jre is only provided by packages that are never chosen automatically',
      '  needed as    java-jre  you → ant-1-r0',
      '  name one of  jre8, jre17',
    ),
  );
});

test('a tag, and a package that can never be installed, are told by their sentence', async () => {
  assert.equal(
    await shown(
      problem('masked', 'gtk-9-r0', {
        message: 'gtk-9-r0 is only in @edge',
        told: ['satisfies gtk app-1-r0'],
      }),
      problem('uninstallable', 'odd-1-r0', {
        message: 'odd-1-r0 cannot be installed: it is built for armv7',
        told: ['depends odd', 'satisfies odd'],
      }),
    ),
    text(
      'error: gtk-9-r0 is only in @edge',
      '  needed as  gtk  you → app-1-r0',
      'error: odd-1-r0 cannot be installed: it is built for armv7',
    ),
  );
});

test('long lists and chains are cut, with a count; --verbose shows all, and the real tool’s words', async () => {
  const askers = Array.from({ length: 9 }, (_, at) => `p${at}`);
  const facts = failure(
    problem('version', 'x-1', {
      told: [`breaks x>1 ${askers.join(' ')}`, ...askers.slice(0, 6).map((asker) => `satisfies x ${asker}`)],
      candidates: askers,
    }),
    ...Array.from({ length: 11 }, (_, at) => problem('conflict', `c${at}`, { message: `clash ${at}` })),
  );
  const cut = (await runText(['plan', 'x'], facts)).split('\n');
  assert.deepEqual(cut.slice(0, 9), [
    'error: x-1 does not satisfy x>1',
    '  must satisfy  x>1  you → p0 → … 5 more … → p6 → p7 → p8',
    '  needed as     x    you → p0',
    '                     you → p1',
    '                     you → p2',
    '                     you → p3',
    '                     … and 2 more',
    '  available     p0, p1, p2, p3, p4, p5, p6, p7 and 1 more',
    'error: clash 0',
  ]);
  assert.deepEqual(cut.slice(-3), ['error: clash 8', '… and 2 problems more; --verbose shows all', '']);
  const whole = await runText(['plan', 'x', '--verbose'], facts);
  for (const part of ['you → p0 → p1 → p2 → p3 → p4', 'you → p5', 'p7, p8', 'error: clash 10']) {
    assert.ok(whole.includes(part), part);
  }
  assert.doesNotMatch(whole, / more/);
  assert.ok(whole.endsWith("in apk's words:\n  ERROR: unable to select packages:\n    x-1:\n"), whole);
});

test('a report of thousands of lines is cut in text, whole in JSON', async () => {
  const report = Array.from({ length: 5000 }, (_, at) => `line ${at}`);
  const facts: ResolutionFailure = { distro: 'arch', problems: [problem('conflict', 'x')], report };
  const lines = (await runText(['plan', 'x', '--verbose'], facts)).trimEnd().split('\n');
  assert.deepEqual(
    [lines[1], lines.length, lines.at(-1)],
    ["in pacman's words:", 103, '  … and 4900 lines more'],
  );
  const plan = async () => Promise.reject(new ResolutionError(facts));
  const { stdout } = await runFake(['plan', 'x', '--json'], { answers: { plan } });
  assert.equal(JSON.parse(stdout).error.details.report.length, 5000);
});

test('JSON: code, sentences and all facts', async () => {
  const unknown = problem('unknown', 'gitt', { message: 'no such package: gitt', hint: 'Did you mean git?' });
  const clash = problem('conflict', 'a-1', { message: 'a-1 and b-1 clash' });
  const facts = failure(unknown, clash);
  const plan = async () => Promise.reject(new ResolutionError(facts));
  const { stdout, stderr, exitCode } = await runFake(['plan', 'x', '--json'], { answers: { plan } });
  assert.deepEqual([exitCode, stderr], [3, '']);
  assert.deepEqual(JSON.parse(stdout), {
    error: {
      code: 'UNKNOWN_PACKAGE',
      message: 'no such package: gitt\na-1 and b-1 clash',
      hint: 'Did you mean git?',
      details: JSON.parse(JSON.stringify(facts)),
    },
  });
  assert.equal(new ResolutionError(failure(clash)).code, 'UNSATISFIABLE');
});

test('names with control characters, line feeds and right-to-left marks are shown, not obeyed', async () => {
  const evil = 'e\u001b[2J\nerror:\tvil\u202e';
  const got = await shown(
    problem('unknown', evil, { told: [`requires ${evil} a\u0007`], hint: `Did you mean ${evil}?` }),
    problem('conflict', evil, { message: evil, candidates: [evil, 'x\ny'] }),
  );
  assert.match(got, /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]*$/);
  for (const line of got.trimEnd().split('\n')) assert.match(line, /^(error: |hint: | {2})/);
});

test('any problem is told in lines of its own, the first of which names it', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
  const anyTerm = fc.record({
    verdict: fc.constantFrom('breaks', 'conflicts', 'satisfies', 'requires', 'depends' as const),
    requirement: word,
    chain: fc.array(word, { maxLength: 12 }),
  });
  const anyProblem = fc
    .record({
      kind: fc.constantFrom('unknown', 'virtual', 'version', 'conflict', 'masked', 'uninstallable' as const),
      subject: word,
      requirement: word,
      chain: fc.array(word),
      terms: fc.array(anyTerm, { maxLength: 8 }),
      message: word,
      candidates: fc.array(word),
    })
    .map((facts) => ({ ...facts, ...NOTHING }));
  fc.assert(
    fc.property(fc.array(anyProblem, { minLength: 1, maxLength: 12 }), fc.boolean(), (problems, verbose) => {
      const lines = problemLines(failure(...problems), verbose);
      assert.ok(lines[0]?.startsWith('error: '));
      const headlines = lines.filter((line) => line.startsWith('error: '));
      assert.equal(headlines.length, verbose ? problems.length : Math.min(problems.length, 10));
      assert.ok(lines.every((line) => !line.includes('\n')));
    }),
  );
});
