/** Real files stay below 64 KiB; the content of a larger one is not kept. */
const MAX_KEPT_FILE_BYTES = 1024 * 1024;

/**
 * Files that pre-install scripts add to, applets that busybox and bbsuid link, certificates of the CA bundle, and commit hooks.
 */
const KEPT =
  /^etc\/(?:passwd|group|shadow|shells|ca-certificates\.conf|ca-certificates\/update\.d\/[^/]+|busybox-paths\.d\/[^/]+)$|^usr\/share\/ca-certificates\/|^(?:usr\/)?bin\/bbsuid$|^(?:etc|(?:usr\/)?lib)\/apk\/commit_hooks\.d\/[^/]+$/;

/** Returns whether a file's content is kept with the facts, so that an install can be finished without the archive's bytes. */
export function isKeptFile(path: string, sizeBytes: number): boolean {
  return sizeBytes <= MAX_KEPT_FILE_BYTES && KEPT.test(path);
}
