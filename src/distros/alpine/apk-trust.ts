import type { ApkKeyring } from '../../trust/apk-keys.ts';
import type { TrustPolicy } from '../../trust/policy.ts';

/** Trust in apk's signatures. */
export interface ApkTrust extends TrustPolicy {
  /** Keys that may sign indexes and packages; undefined: none */
  readonly apk?: ApkKeyring;
}
