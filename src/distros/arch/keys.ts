import { basename } from 'node:path';
import { isAppError } from '../../model/app-error.ts';
import { OpenPgpKeyring } from '../../trust/openpgp-keyring.ts';
import type { Keys } from '../keys.ts';
import type { PacmanTrust } from './pacman-trust.ts';
import { ARCH_MASTER_KEY_PINS } from './pins.ts';
import { parseSigLevel } from './sig-level.ts';

/** Files of archlinux-keyring; files of other names are left out, because they could add keys unnoticed. */
const KEYRING_FILE = /^archlinux(?:\.gpg|-trusted|-revoked)$/;

/**
 * Keys of the Arch family: the keyring is a package of the repositories, and is trusted as far as the product pins its main keys.
 */
export const keys: Keys = {
  package: 'archlinux-keyring',
  isKeyFile: (path) => path.startsWith('usr/share/pacman/keyrings/') && !path.endsWith('/'),
  detached: true,
  async policy({ allowUntrusted, folders, pinned, cached, sigLevel }): Promise<PacmanTrust> {
    const base = { allowUntrusted, sigLevel: parseSigLevel(sigLevel) };
    const given = folders.map((folder) => OpenPgpKeyring.load(folder));
    const isCached = pinned && cached.length > 0;
    const own = isCached ? [(await OpenPgpKeyring.fromFiles(cached)).restrictTo(ARCH_MASTER_KEY_PINS)] : [];
    const keyrings = [...own, ...(await Promise.all(given))];
    return keyrings.length === 0 ? base : { ...base, pacman: OpenPgpKeyring.union(keyrings) };
  },
  async pinnedFiles(files) {
    const keyring = files.filter(({ name }) => KEYRING_FILE.test(basename(name)));
    try {
      const pinned = (await OpenPgpKeyring.fromFiles(keyring)).restrictTo(ARCH_MASTER_KEY_PINS);
      return (await pinned.introducers()).length > 0 ? keyring : [];
    } catch (error) {
      if (isAppError(error)) return [];
      throw error;
    }
  },
  /** None: pacman-key(8) makes pacman's keyring in the root, from the keyring package's files. */
  installed: () => [],
};
