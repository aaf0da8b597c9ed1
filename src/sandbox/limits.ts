/** Limits of package scripts; whatever exceeds them is refused or killed, never waited for. */
export interface SandboxLimits {
  /** Wall-clock time of the whole installation; then every process is killed. */
  readonly timeoutMs: number;
  /** Processes and threads at a time (RLIMIT_NPROC, counted within the sandbox's user namespace since Linux 5.14) */
  readonly processes: number;
  /** Size of one file (RLIMIT_FSIZE) */
  readonly fileBytes: number;
  /** Writable memory of one process (RLIMIT_DATA) */
  readonly processMemoryBytes: number;
  readonly openFiles: number;
  /** Output of scripts that is shown; the rest is read and dropped. */
  readonly outputBytes: number;
  /** Size of the root: on disk while scripts run, in files afterwards */
  readonly rootBytes: number;
  /** Free space that is left on the root's file system */
  readonly freeBytes: number;
  readonly freeFiles: number;
}

/** Limits that no known package reaches, each with its reason. */
export const DEFAULT_LIMITS: SandboxLimits = {
  /** The slowest known, a full TeX Live's formats and fonts, takes some five minutes. */
  timeoutMs: 20 * 60 * 1000,
  /** A parallel job for each core of the largest machines, and some more. */
  processes: 4096,
  /** The largest files that scripts make are locale archives and initramfs images, below 1 GiB. */
  fileBytes: 8 * 2 ** 30,
  /** Enough for a JVM or a compiler. */
  processMemoryBytes: 4 * 2 ** 30,
  /** Most distributions give a login session this as its hard limit, or more. */
  openFiles: 4096,
  /** Real packages print some kilobytes. */
  outputBytes: 2 ** 20,
  /** The largest images that people build are some 30 GiB. */
  rootBytes: 64 * 2 ** 30,
  /** More than a fast disk can write between two checks */
  freeBytes: 512 * 2 ** 20,
  /** Inodes: enough for the system to go on, few even for the smallest disk */
  freeFiles: 1000,
};
