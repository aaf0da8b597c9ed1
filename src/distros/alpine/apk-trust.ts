import type { TrustPolicy } from '../../trust/policy.ts';
import type { ApkKeyring } from './apk-keys.ts';

/** Trust policy for apk's signatures. */
export interface ApkTrust extends TrustPolicy {
  /** Keys that may sign indexes and packages; undefined: none */
  readonly apk?: ApkKeyring;
}
