/** Real ones stay below 64 KiB; the content of a larger file is left in the archive. */
const MAX_KEPT_FILE_BYTES = 1024 * 1024;

/**
 * What pre-install scripts add to, the applets that busybox and bbsuid link, the certificates of the CA bundle, and commit
 * hooks.
 */
const KEPT =
  /^etc\/(?:passwd|group|shadow|shells|ca-certificates\.conf|ca-certificates\/update\.d\/[^/]+|busybox-paths\.d\/[^/]+)$|^usr\/share\/ca-certificates\/|^(?:usr\/)?bin\/bbsuid$|^(?:etc|(?:usr\/)?lib)\/apk\/commit_hooks\.d\/[^/]+$/;

/** Whether a package's file is kept with the facts, so that an install can be finished without the archive's bytes. */
export function isKeptFile(path: string, sizeBytes: number): boolean {
  return sizeBytes <= MAX_KEPT_FILE_BYTES && KEPT.test(path);
}
