import { createHash } from 'node:crypto';
import type { KeyFile } from '../../trust/key-file.ts';
import { type ApkKeyring, apkKeyringFromFiles } from './apk-keys.ts';

/** Pin of a release key. `name`: the key's file name. */
export interface AlpineKeyPin {
  readonly name: string;
  /** SHA-256 of the key file as distributed, in lower-case hex */
  readonly sha256: string;
  /** Architectures that the key signs for, in Alpine's words */
  readonly architectures: readonly string[];
}

const alpineKey = (id: string, sha256: string, ...architectures: readonly string[]): AlpineKeyPin => ({
  name: `alpine-devel@lists.alpinelinux.org-${id}.rsa.pub`,
  sha256,
  architectures,
});

/**
 * Pins of Alpine's release keys, whose files are in official-keys.ts. Sources: the package alpine-keys 2.4-r1, usr/share/apk/keys
 * and its folders by architecture; the one for loongarch64 from aports main/alpine-keys, as in alpine-keys 2.6-r0.
 */
export const ALPINE_KEY_PINS: readonly AlpineKeyPin[] = [
  alpineKey('4a6a0840', '9c102bcc376af1498d549b77bdbfa815ae86faa1d2d82f040e616b18ef2df2d4', 'x86', 'x86_64'),
  alpineKey('5243ef4b', 'ebf31683b56410ecc4c00acd9f6e2839e237a3b62b5ae7ef686705c7ba0396a9', 'x86'),
  alpineKey('524d27bb', '1bb2a846c0ea4ca9d0e7862f970863857fc33c32f5506098c636a62a726a847b', 'armhf', 'armv7'),
  alpineKey('5261cecb', '12f899e55a7691225603d6fb3324940fc51cd7f133e7ead788663c2b7eecb00c', 'x86_64'),
  alpineKey('58199dcc', '73867d92083f2f8ab899a26ccda7ef63dfaa0032a938620eda605558958a8041', 'aarch64'),
  alpineKey('58cbb476', '9a4cd858d9710963848e6d5f555325dc199d1c952b01cf6e64da2c15deedbd97', 'ppc64le'),
  alpineKey('58e4f17d', '780b3ed41786772cbc7b68136546fa3f897f28a23b30c72dde6225319c44cfff', 's390x'),
  alpineKey('5e69ca50', '59c01c57b446633249f67c04b115dd6787f4378f183dff2bbf65406df93f176d', 'mips64'),
  alpineKey('60ac2099', 'db0b49163f07ffba64a5ca198bcf1688610b0bd1f0d8d5afeaf78559d73f2278', 'riscv64'),
  alpineKey('6165ee59', '207e4696d3c05f7cb05966aee557307151f1f00217af4143c1bcaf33b8df733f', 'x86_64'),
  alpineKey('61666e3f', '128d34d4aec39b0daedea8163cd8dc24dff36fd3d848630ab97eeb1d3084bbb3', 'x86'),
  alpineKey('616a9724', '10877cce0a935e46ad88cb79e174a2491680508eccda08e92bf04fb9bf37fbc1', 'armhf'),
  alpineKey('616abc23', '4a095a9daca86da496a3cd9adcd95ee2197fdbeb84638656d469f05a4d740751', 'ppc64le'),
  alpineKey('616ac3bc', '0caf5662fde45616d88cfd7021b7bda269a2fcaf311e51c48945a967a609ec0b', 's390x'),
  alpineKey('616adfeb', 'ebe717d228555aa58133c202314a451f81e71f174781fd7ff8d8970d6cfa60da', 'armv7'),
  alpineKey('616ae350', 'd11f6b21c61b4274e182eb888883a8ba8acdbf820dcc7a6d82a7d9fc2fd2836d', 'aarch64'),
  alpineKey('616db30d', '40a216cbd163f22e5f16a9e0929de7cde221b9cbae8e36aa368b1e128afe0a31', 'riscv64'),
  alpineKey('66ba20fe', '7cf4cb8314e6ccc985b0d7f1aa0c6e0a81e3588f69a41f383af7a63d1ba61793', 'loongarch64'),
];

/**
 * Makes a keyring of the files that are pinned keys, by the SHA-256 of their bytes; all others are left out. Each key gets the
 * name in its pin, whatever the file's name is.
 * @param architecture Alpine's word; if given, only the keys that sign for it are taken
 */
export function pinnedApkKeyring(files: Iterable<KeyFile>, architecture?: string): ApkKeyring {
  const kept: KeyFile[] = [];
  for (const file of files) {
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    const pin = ALPINE_KEY_PINS.find((candidate) => candidate.sha256 === sha256);
    if (pin === undefined) continue;
    if (architecture !== undefined && !pin.architectures.includes(architecture)) continue;
    kept.push({ name: pin.name, bytes: file.bytes });
  }
  return { ...apkKeyringFromFiles(kept), pinned: true };
}
