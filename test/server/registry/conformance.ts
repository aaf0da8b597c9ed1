import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { peer } from '../../fixtures/peers.ts';
import { tempDir } from '../../fixtures/temp.ts';

interface TestHooks {
  after(fn: () => void): void;
  diagnostic(message: string): void;
}

/** Numbers of tests by their results. */
export interface ConformanceCounts {
  readonly Pass: number;
  readonly FAIL: number;
  readonly Error: number;
  readonly Skip: number;
  readonly Disabled: number;
}

/** What a read-only registry has, for the suite to pull. */
export interface ReadOnlyData {
  readonly repository: string;
  readonly tags: readonly string[];
  readonly manifests: readonly string[];
  readonly blobs: readonly string[];
  /** Digests of manifests whose referrers can be listed */
  readonly referrers: readonly string[];
}

const TIMEOUT_MS = 120_000;

/**
 * Runs the official conformance suite, in its newest version and with every API that has no "unsupported" answer, against a
 * registry; with `readOnly`, only its tests of pulling. Returns the counts and what it printed of failures; undefined, with the
 * reason printed, where the suite is not here.
 */
export async function runConformance(
  t: TestHooks,
  host: string,
  readOnly?: ReadOnlyData,
): Promise<{ readonly counts: ConformanceCounts; readonly log: string } | undefined> {
  const program = peer(t, 'oci-conformance');
  if (program === undefined) return undefined;
  const folder = tempDir(t);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    OCI_REGISTRY: host,
    OCI_TLS: 'disabled',
    OCI_VERSION: 'dev',
    OCI_RESULTS_DIR: folder,
    ...(readOnly === undefined ? FULL : readOnlySettings(readOnly)),
  };
  // It exits with 1 when a test fails, which the counts say too.
  const { stdout, stderr } = await promisify(execFile)(program, [], {
    ...{ env, cwd: folder, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 },
  }).catch((error: { stdout: string; stderr: string }) => error);
  return { counts: countsOf(stdout), log: `${stdout}\n${stderr}` };
}

const FULL = {
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_TAG_PARAM: 'true',
};

function readOnlySettings(data: ReadOnlyData): Readonly<Record<string, string>> {
  return {
    OCI_REPO1: data.repository,
    OCI_API_PUSH: 'false',
    OCI_API_BLOBS_DELETE: 'false',
    OCI_API_MANIFESTS_DELETE: 'false',
    OCI_API_TAGS_DELETE: 'false',
    OCI_API_BLOBS_DIGEST_HEADER: 'true',
    // Looks for the header where it has not kept the answer, when the content of a manifest is not its own.
    OCI_API_MANIFESTS_DIGEST_HEADER: 'false',
    OCI_RO_DATA_TAGS: data.tags.join(' '),
    OCI_RO_DATA_MANIFESTS: data.manifests.join(' '),
    OCI_RO_DATA_BLOBS: data.blobs.join(' '),
    OCI_RO_DATA_REFERRERS: data.referrers.join(' '),
  };
}

/** From the summary: `Pass..........: 986`. */
function countsOf(log: string): ConformanceCounts {
  const count = (name: keyof ConformanceCounts) =>
    Number(new RegExp(`^ +${name}\\.+: +(\\d+)$`, 'm').exec(log)?.[1]);
  return {
    Pass: count('Pass'),
    FAIL: count('FAIL'),
    Error: count('Error'),
    Skip: count('Skip'),
    Disabled: count('Disabled'),
  };
}
