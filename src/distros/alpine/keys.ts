import type { Keys } from '../keys.ts';
import { apkKeyFiles, apkKeyringFromFiles, joinApkKeyrings } from './apk-keys.ts';
import type { ApkTrust } from './apk-trust.ts';
import { alpineKeyFiles } from './official-keys.ts';
import { pinnedApkKeyring } from './pins.ts';

/** Paths of key files in the package alpine-keys: those that apk itself reads, and all others below usr/share. */
const KEY_FILE = /^(?:etc|usr\/share)\/apk\/keys\/(?:[^/]+\/)?[^/]+\.rsa\.pub$/;

/** Keys of the Alpine family: Alpine's come with the product; signatures are inside archives and indexes. */
export const keys: Keys = {
  package: 'alpine-keys',
  isKeyFile: (path) => KEY_FILE.test(path),
  detached: false,
  async policy({ allowUntrusted, folders, pinned, architecture }): Promise<ApkTrust> {
    const given = apkKeyringFromFiles(folders.flatMap(apkKeyFiles));
    if (!pinned) return { allowUntrusted, apk: given };
    const own = pinnedApkKeyring(alpineKeyFiles(), architecture);
    return { allowUntrusted, apk: joinApkKeyrings(own, given) };
  },
  installed: ({ apk }: ApkTrust, names) =>
    names.flatMap((name) => {
      const key = apk?.keys.get(name);
      return key === undefined
        ? []
        : [{ name, content: Buffer.from(key.export({ type: 'spki', format: 'pem' })) }];
    }),
};
