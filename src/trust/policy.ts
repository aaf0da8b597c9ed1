/** Conditions that signatures of indexes and archives have to meet; each family adds the keys that its readers accept. */
export interface TrustPolicy {
  /** Accepts missing, unknown, untrusted and bad signatures; digests are still checked. */
  readonly allowUntrusted: boolean;
}
