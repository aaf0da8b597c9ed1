import { compose } from '../../../src/app/compose/compose.ts';
import { type MirrorAddRequest, mirrorAdd } from '../../../src/app/mirror/add.ts';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import type { MirrorAddReport } from '../../../src/model/mirror-report.ts';
import type { ComposeReport, IndexReport, SourceOptions } from '../../../src/model/request.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { KEY, noise, request, small, source } from '../harness.ts';
import { inCache } from '../images/registry-images.ts';

interface TestHooks {
  after(fn: () => void): void;
}

/** What mirrors of Alpine are made from: a folder in the layout of its mirrors. */
export interface Upstream {
  /** For `--mirror` */
  readonly folder: string;
  readonly keyring: string;
  /** Everything of it */
  readonly from: Partial<SourceOptions>;
  /** Puts a repository in place of what was there. */
  write(repo: string, packages: readonly ApkSpec[]): void;
}

/** A package whose file does not compress. */
export function sized(name: string, sizeBytes: number, more: Partial<ApkSpec> = {}): ApkSpec {
  return small(name, {
    files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, sizeBytes) }],
    ...more,
  });
}

/** main has a, b and libx++, community has c, which needs a. */
export function upstream(t: TestHooks): Upstream {
  const folder = tempDir(t);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const write = (repo: string, packages: readonly ApkSpec[]): void => {
    writeAlpineMirror(folder, { repo, packages, key: KEY });
  };
  write('main', [small('a'), small('b'), small('libx++', { version: '1.0_git20240101-r0' })]);
  write('community', [small('c', { depends: ['a'] })]);
  return { folder, keyring, from: { release: 'v3.19', mirrors: [folder], keyring }, write };
}

export function added(
  cache: string,
  from: Partial<SourceOptions>,
  more: Partial<MirrorAddRequest> & { readonly to: string },
): Promise<MirrorAddReport> {
  const asked = { packages: [], all: more.packages === undefined, files: false, ...more };
  return inCache(cache, (context) => mirrorAdd(context, { source: source(from), ...asked }));
}

export function composedIn(
  cache: string,
  packages: readonly string[],
  from: Partial<SourceOptions>,
): Promise<ComposeReport> {
  return inCache(cache, (context) => compose(context, request(packages, from)));
}

export function indexedIn(cache: string, from: Partial<SourceOptions>): Promise<readonly IndexReport[]> {
  return inCache(cache, (context) => indexRepositories(context, source(from)));
}
