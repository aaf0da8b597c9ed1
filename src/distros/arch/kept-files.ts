import { isHookFile } from './hook-files.ts';

/** Real files stay below 64 KiB; the content of a larger one is not kept. */
const MAX_KEPT_FILE_BYTES = 1024 * 1024;

/** Files that scriptlets and systemd-sysusers change or read; `/etc/ld.so.conf` and the files that it includes. */
const KEPT = [
  /^etc\/(?:passwd|group|shadow|gshadow|shells|ld\.so\.conf)$/,
  /^(?:etc|usr\/lib)\/ld\.so\.conf\.d\/[^/]+$/,
  /^usr\/lib\/sysusers\.d\/[^/]+\.conf$/,
];

/** Returns whether a file's content is kept with the facts, so that an install can be finished without the archive's bytes. */
export function isKeptFile(path: string, sizeBytes: number): boolean {
  return sizeBytes <= MAX_KEPT_FILE_BYTES && (KEPT.some((kept) => kept.test(path)) || isHookFile(path));
}
