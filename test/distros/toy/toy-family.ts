import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Distro } from '../../../src/distros/distro.ts';
import type { Family } from '../../../src/distros/family.ts';
import type { ArchiveInput, IndexInput, UnverifiedInput } from '../../../src/distros/inputs.ts';
import type { SolveRequest } from '../../../src/distros/resolver.ts';
import { FileListCollector } from '../../../src/distros/shared/file-list.ts';
import { AppError } from '../../../src/model/app-error.ts';
import type { ArchiveFacts, ReadFacts } from '../../../src/model/archive.ts';
import { BLANK_PACKAGE } from '../../../src/model/blank-package.ts';
import type { Digest } from '../../../src/model/digest.ts';
import { oneChunk } from '../../../src/model/one-chunk.ts';
import type { IndexPackage, PackageSource, SolvedPackage, SolveResult } from '../../../src/model/package.ts';
import type { RepositoryIndex, RepositorySpec } from '../../../src/model/repository.ts';
import type { TrustPolicy } from '../../../src/trust/policy.ts';

/*
 * A third package family, as small as one can be. An archive `NAME-VERSION.toy` is a plain tar whose root member `.toy` has the
 * lines `NAME VERSION` and `needs NAME…`. An index `TOYINDEX` has an Ed25519 signature in base64 on its first line and a JSON
 * list of packages behind it. Versions are numbers, and the newest is installed after what it needs.
 */

/** An entry of a TOYINDEX. */
export interface ToyEntry {
  readonly name: string;
  readonly version: string;
  readonly needs: readonly string[];
  readonly sizeBytes: number;
  readonly sha256: string;
}

interface ToyTrust extends TrustPolicy {
  readonly toy?: ReadonlyMap<string, KeyObject>;
}

const MEMBER = '.toy';
const DATABASE = 'var/lib/toy/installed';
const names: Family['archiveNames'] = {
  suffixes: ['.toy'],
  read(fileName) {
    const [, name, version] = /^(.+)-(\d+)\.toy$/.exec(fileName) ?? [];
    return name === undefined || version === undefined ? undefined : { name, version };
  },
  write: ({ name, version }) => `${name}-${version}.toy`,
};

async function readIndex({ bytes, policy, where }: IndexInput): Promise<RepositoryIndex> {
  const text = Buffer.from(bytes).toString();
  const [signature = ''] = text.split('\n', 1);
  const body = Buffer.from(text.slice(signature.length + 1));
  const { toy: keys = new Map<string, KeyObject>() }: ToyTrust = policy;
  const [signedBy] =
    [...keys].find(([, key]) => verify(null, body, key, Buffer.from(signature, 'base64'))) ?? [];
  if (signedBy === undefined && !policy.allowUntrusted) {
    throw new AppError('SIGNATURE', `${where}: no trusted key has signed it`);
  }
  const entries = JSON.parse(body.toString()) as readonly ToyEntry[];
  return { packages: oneChunk(entries.map(packageOf)), description: () => '', signedBy: signedBy ?? '' };
}

function packageOf({ name, version, needs, sizeBytes, sha256 }: ToyEntry): IndexPackage {
  const fileName = names.write({ name, version, architecture: 'any' }, 'none');
  return {
    ...BLANK_PACKAGE,
    name,
    version,
    architecture: 'any',
    depends: needs,
    fileName,
    sizeBytes,
    checksum: sha256,
  };
}

async function readUnverified({ chunks, where, expected }: UnverifiedInput): Promise<ReadFacts> {
  const list = new FileListCollector({ where, keep: ({ path }) => path === MEMBER });
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    list.write(Buffer.from(chunk), 0);
  }
  const { files, contents, diffId, uncompressedSizeBytes: sizeBytes, layerProblem } = list.finish();
  const identity = hash.digest('hex');
  if (expected !== undefined && expected.checksum !== identity) {
    throw new AppError('INTEGRITY', `${where}: expected SHA-256 ${expected.checksum}, got ${identity}`);
  }
  const content = contents.get(MEMBER);
  if (content === undefined) throw new AppError('BAD_ARCHIVE', `${where}: expected a ${MEMBER}, got none`);
  const needs = /^needs (.*)$/m.exec(content.toString())?.[1]?.split(' ') ?? [];
  return {
    ...{ distro: 'toy', digest: `sha256:${identity}` as Digest, identity, diffId, files, layerProblem },
    ...{ sizeBytes, uncompressedSizeBytes: sizeBytes, compression: 'none', segments: [], scripts: [] },
    ...{ architecture: 'any', info: { needs }, rootMembers: {}, backupMd5: {}, signedBy: '' },
    ...describedBy(content),
  };
}

/** An archive has no signature: the index's checksum stands for it. */
async function read(input: ArchiveInput): Promise<ReadFacts> {
  if (input.policy.allowUntrusted || (input.expected?.checksum ?? '') !== '') return readUnverified(input);
  throw new AppError('SIGNATURE', `${input.where}: expected an entry in a signed index, got none`);
}

function describedBy(content: Uint8Array): { name: string; version: string } {
  const [name = '', version = ''] = Buffer.from(content).toString().split(/[ \n]/, 2);
  return { name, version };
}

function describe(facts: ArchiveFacts): IndexPackage {
  const { name, version, sizeBytes, identity, info } = facts;
  return packageOf({ name, version, needs: info.needs ?? [], sizeBytes, sha256: identity });
}

const newest = (name: string, source: PackageSource) =>
  [...source.byName(name)].sort((a, b) => Number(b.version) - Number(a.version));

function solve({ targets }: SolveRequest, source: PackageSource): SolveResult {
  const chosen = new Map<string, SolvedPackage>();
  const missing: string[][] = [];
  const visit = (name: string, chain: readonly string[]): void => {
    const [entry] = newest(name, source);
    if (entry === undefined) missing.push([name, ...chain]);
    if (entry === undefined || chosen.has(name)) return;
    for (const needed of entry.depends) visit(needed, [...chain, `${name}-${entry.version}`]);
    chosen.set(name, { package: entry, reason: targets.includes(name) ? 'explicit' : 'dependency' });
  };
  for (const target of targets) visit(target, ['world']);
  if (missing.length === 0) return { ok: true, packages: [...chosen.values()], warnings: [] };
  const problems = missing.map(([subject = '', ...chain]) => ({
    ...{ kind: 'unknown' as const, subject, requirement: subject, chain, candidates: [] },
    ...{ terms: [{ verdict: 'requires' as const, requirement: subject, chain }] },
    message: `no such package: ${subject}`,
  }));
  return { ok: false, problems, report: missing.map(([name]) => `toy: where is my ${name}?`) };
}

function specOf(name: string, base: string, architecture: string): RepositorySpec {
  const place = { baseUrls: [base], indexNames: ['TOYINDEX'] };
  return { distro: 'toy', release: 'box', architecture, name, tag: '', ...place };
}

const toy: Distro = {
  id: 'toy',
  architectures: { words: { amd64: 'amd64' }, takes: () => true, isAny: (word) => word === 'any' },
  releases: { default: 'box', managerPackage: 'toy', of: (_index, { release }) => release },
  repositories: {
    official: ({ architecture }) => [specOf('bricks', 'https://toys.example/bricks', architecture)],
    parse: (line, { architecture }) => specOf(line.split('/').at(-1) ?? line, line, architecture),
    readIndex,
    layout: {
      folder: ({ name }) => name,
      indexPlaces: () => 'TOYINDEX',
      root: 'the folder above bricks',
      indexTool: 'toy index',
    },
  },
  archives: {
    names,
    read,
    readUnverified,
    unsigned: () => ({ endsAt: 0, tarEndsAt: 0, parts: [] }),
    describe,
    metadata: { member: MEMBER, isOwn: () => true, read: describedBy },
  },
  resolver: {
    solve,
    satisfies: (relation, { name }) => (relation === name ? name : undefined),
    providersOf: (name, source) =>
      newest(name, source).map((entry) => ({
        package: entry,
        by: name,
        version: entry.version,
        unasked: true,
      })),
    versions: {
      compare: (a, b) => Number(a) - Number(b),
      holds: (a, operator, b) => (operator === '=' ? Number(a) === Number(b) : undefined),
      isValid: (version) => /^\d+$/.test(version),
    },
    relations: { targetName: (word) => word, provided: [] },
  },
  install: {
    environment: { path: '/bin', shells: ['/bin/sh'] },
    base: () => [],
    tree: {
      isMetadata: ({ path }) => path === MEMBER,
      mergeDirectory: (current) => current,
      decideClash: () => 'refuse',
    },
    installer: async ({ packages, database }) => ({
      begin: () => {},
      before: () => {},
      owner: () => ({ uid: 0, gid: 0 }),
      after: () => {},
      end(root) {
        const lines = packages.map(({ facts: { name, version } }) => `${name} ${version}\n`).join('');
        if (database) root.put(DATABASE, { type: 'file', mode: 0o644, content: Buffer.from(lines) });
        return { pendingSteps: [], appliedSteps: [] };
      },
    }),
    database: {
      isState: (path) => path === DATABASE || DATABASE.startsWith(`${path}/`),
      isList: (path) => path.endsWith(DATABASE),
      read: (_path, content, most) =>
        content
          .toString()
          .trim()
          .split('\n')
          .slice(0, most)
          .map((line) => {
            const [name = '', version = ''] = line.split(' ');
            return { name, version, architecture: '' };
          }),
    },
  },
  keys: {
    package: 'toy-keys',
    isKeyFile: (path) => path.endsWith('.pem'),
    detached: false,
    async policy({ allowUntrusted, folders }): Promise<ToyTrust> {
      const files = folders.flatMap((folder) =>
        readdirSync(folder).map((name) => [name, join(folder, name)]),
      );
      const keys = files.map(
        ([name = '', path = '']) => [name, createPublicKey(readFileSync(path))] as const,
      );
      return { allowUntrusted, toy: new Map(keys) };
    },
    installed: () => [],
  },
};

/** The line of the record that the family would have if it were the product's. */
export const toyFamily: Family = {
  id: 'toy',
  tool: 'toy',
  purlType: 'generic',
  releases: ['box'],
  solvers: [],
  archiveNames: names,
  load: async () => toy,
};
