/** Limits on what the packages' scripts use; what goes beyond is refused or killed, never waited for. */
export interface SandboxLimits {
  /** Wall clock of the whole installation; then every process is killed. */
  readonly timeoutMs: number;
  /** Processes and threads at once (RLIMIT_NPROC, counted within the sandbox's user namespace since Linux 5.14) */
  readonly processes: number;
  /** One file (RLIMIT_FSIZE) */
  readonly fileBytes: number;
  /** Writable memory of one process (RLIMIT_DATA) */
  readonly processMemoryBytes: number;
  readonly openFiles: number;
  /** Scripts' output that is shown; the rest is read and dropped. */
  readonly outputBytes: number;
  /** Bytes of the root: on the disk while scripts run, in files afterwards */
  readonly rootBytes: number;
  /** Room that is left to others on the root's file system */
  readonly freeBytes: number;
  readonly freeFiles: number;
}

/** Limits that no known package reaches, each with its reason. */
export const DEFAULT_LIMITS: SandboxLimits = {
  /** The slowest known, a full TeX Live's formats and fonts, takes some five minutes. */
  timeoutMs: 20 * 60 * 1000,
  /** A parallel job a core on the largest machines, and room. */
  processes: 4096,
  /** The largest files that scripts make are locale archives and initramfs images, below 1 GiB. */
  fileBytes: 8 * 2 ** 30,
  /** A JVM's or a compiler's, and room. */
  processMemoryBytes: 4 * 2 ** 30,
  /** Most distributions give a login session this as its hard limit, or more. */
  openFiles: 4096,
  /** Real packages print some kilobytes. */
  outputBytes: 2 ** 20,
  /** The largest images that people build are some 30 GiB. */
  rootBytes: 64 * 2 ** 30,
  /** More than a fast disk takes between two looks at it */
  freeBytes: 512 * 2 ** 20,
  /** Inodes; enough for a system to go on with, few even on the smallest disk */
  freeFiles: 1000,
};
