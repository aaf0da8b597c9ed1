import { isHookFile } from './hook-files.ts';

/** Real ones stay below 64 KiB; the content of a larger file is left in the archive. */
const MAX_KEPT_FILE_BYTES = 1024 * 1024;

/** What scriptlets and systemd-sysusers add to, and what they add; what `/etc/ld.so.conf` is and includes. */
const KEPT = [
  /^etc\/(?:passwd|group|shadow|gshadow|shells|ld\.so\.conf)$/,
  /^(?:etc|usr\/lib)\/ld\.so\.conf\.d\/[^/]+$/,
  /^usr\/lib\/sysusers\.d\/[^/]+\.conf$/,
];

/** Whether a package's file is kept with the facts, so that an install can be finished without the archive's bytes. */
export function isKeptFile(path: string, sizeBytes: number): boolean {
  return sizeBytes <= MAX_KEPT_FILE_BYTES && (KEPT.some((kept) => kept.test(path)) || isHookFile(path));
}
