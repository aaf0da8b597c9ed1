/** What signatures must hold for indexes and archives to be accepted; each family adds the keys that its readers look at. */
export interface TrustPolicy {
  /** True: missing, unknown, untrusted and bad signatures are accepted; digests are still checked. */
  readonly allowUntrusted: boolean;
}
