import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageSource, SolveResult } from '../../../src/model/package.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { realApk } from '../../proof/real-apk.ts';
import { memorySource } from './memory-source.ts';
import { parseIndexText } from './parse-index.ts';
import { seededRequests, type Targets } from './seeded-requests.ts';

/** Packages in install order, `name-version`, or the tool's report of failure. */
export type Answer = { readonly install: readonly string[] } | { readonly error: readonly string[] };

export interface RealRequests {
  readonly source: PackageSource;
  readonly requests: readonly Targets[];
  /** SHA-256 of both indexes' texts: what the requests and their answers hang on */
  readonly index: string;
}

const REPOSITORIES = ['main', 'community'];
const INDEXES = REPOSITORIES.map((name) => `data/alpine/v3.19/${name}`);

/** Requests to Alpine 3.19, main and community; undefined where its indexes are not here. */
export function realRequests(seed: number, count: number): RealRequests | undefined {
  const folders = INDEXES.map(sharedData);
  if (folders.includes(undefined)) return undefined;
  const texts = (folders as string[]).map((folder) =>
    execFileSync('tar', ['-xzOf', join(folder, 'x86_64/APKINDEX.tar.gz'), 'APKINDEX'], {
      maxBuffer: 1 << 28,
    }).toString('utf8'),
  );
  const packages = texts.flatMap((text) => parseIndexText(text, 'APKINDEX'));
  return {
    source: memorySource(texts.map((index) => ({ tag: null, index }))),
    requests: seededRequests(packages, seed, count),
    index: createHash('sha256').update(texts.join('')).digest('hex'),
  };
}

export function answerOf(result: SolveResult): Answer {
  if (!result.ok) return { error: result.report };
  return { install: result.packages.map(({ package: { name, version } }) => `${name}-${version}`) };
}

/** Of a whole answer: set, order and refusal. */
export function digestOf(answer: Answer): string {
  return createHash('sha256').update(JSON.stringify(answer)).digest('hex').slice(0, 8);
}

/** What the real apk 2.14 answers to a request; a sentence: why there is none. */
export function askRealApk(folder: string): ((targets: Targets) => Answer) | string {
  const closure = ['data/alpine/v3.19-iso/x86_64', 'data/alpine/v3.19-pool/x86_64'].map(sharedData);
  const indexes = INDEXES.map(sharedData);
  if ([...closure, ...indexes].includes(undefined)) return 'data/alpine of the shared data is not here';
  const apk = realApk({ folders: closure as string[] }, folder);
  if (apk === undefined) return 'real apk needs root on Linux, x86_64';
  mkdirSync(join(folder, 'indexes'));
  for (const [at, name] of REPOSITORIES.entries())
    cpSync(indexes[at] as string, join(folder, 'indexes', name), { recursive: true });
  const places = REPOSITORIES.flatMap((name) => ['-X', `/indexes/${name}`]);
  // An empty root, which simulations leave as it is.
  apk.add([], ['--arch', 'x86_64']);
  const root = apk.root.slice(folder.length);
  const words = ['add', '--simulate', '--root', root, '--no-network', '--allow-untrusted', ...places, '--'];
  return (targets) => {
    const { status, stdout, stderr } = spawnSync('chroot', [folder, '/sbin/apk', ...words, ...targets], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    if (status !== 0) return { error: stderr.split('\n').filter((line) => line !== '') };
    const lines = stdout.matchAll(/^\(\d+\/\d+\) Installing (\S+) \((.+)\)$/gm);
    return { install: Array.from(lines, ([, name, version]) => `${name}-${version}`) };
  };
}

/** The real apk's answers as digests, to the requests of one seed. */
export interface RecordedAnswers {
  readonly seed: number;
  readonly index: string;
  readonly digests: readonly string[];
}

export const RECORDED = join(import.meta.dirname, 'real-answers.txt');

export function readRecorded(): RecordedAnswers {
  const [head = '', ...lines] = readFileSync(RECORDED, 'utf8').trim().split('\n');
  const [, seed = '', index = ''] = /^apk-tools 2\.14\.0, seed (\d+), indexes (\S+)$/.exec(head) ?? [];
  return { seed: Number(seed), index, digests: lines.flatMap((line) => line.split(' ')) };
}

export function recordedText({ seed, index, digests }: RecordedAnswers): string {
  const lines: string[] = [];
  for (let at = 0; at < digests.length; at += 12) lines.push(digests.slice(at, at + 12).join(' '));
  return `apk-tools 2.14.0, seed ${seed}, indexes ${index}\n${lines.join('\n')}\n`;
}
