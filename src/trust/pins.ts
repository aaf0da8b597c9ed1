import { createHash } from 'node:crypto';
import { type ApkKeyring, apkKeyringFromFiles } from './apk-keys.ts';
import type { KeyFile } from './key-file.ts';

export interface AlpineKeyPin {
  readonly name: string;
  /** Lower-case hex SHA-256 of the key file as distributed. */
  readonly sha256: string;
  /** Alpine's architecture words that the key signs for. */
  readonly architectures: readonly string[];
}

export interface ArchMasterKeyPin {
  readonly owner: string;
  /** Upper-case hex v4 fingerprint, which is SHA-1. */
  readonly fingerprint: string;
  /** Lower-case hex SHA-256 of the primary public key packet's body; empty when only the fingerprint is known. */
  readonly sha256: string;
}

const alpineKey = (id: string, sha256: string, ...architectures: readonly string[]): AlpineKeyPin => ({
  name: `alpine-devel@lists.alpinelinux.org-${id}.rsa.pub`,
  sha256,
  architectures,
});

/**
 * Alpine's release keys; alpine-keys.ts has the files. Sources: the package alpine-keys 2.4-r1, usr/share/apk/keys and its folders
 * by architecture; the one for loongarch64 from aports main/alpine-keys, as in alpine-keys 2.6-r0.
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
 * Arch's main signing keys: first the five of today, then the five of archlinux-keyring 20171213, retired since, for archives
 * of their time. Sources: archlinux-trusted and archlinux.gpg of archlinux-keyring 20171213 and 20231113; for Christian
 * Heusel's, which is younger, public copies of today's archlinux-trusted.
 * SHA-256 of the key packet is pinned for all but Christian Heusel's key, whose bytes were not at hand: there only the v4
 * fingerprint is.
 */
export const ARCH_MASTER_KEY_PINS: readonly ArchMasterKeyPin[] = [
  {
    owner: 'Levente Polyak',
    fingerprint: 'D8AFDDA07A5B6EDFA7D8CCDAD6D055F927843F1C',
    sha256: 'a5b113d2eaec1fa91c6910aa8312fbe5dc277cd90e0395e9df735153b362a6fe',
  },
  {
    owner: 'Leonidas Spyropoulos',
    fingerprint: '3572FA2A1B067F22C58AF155F8B821B42A6FDCD7',
    sha256: '6a7f619b24f2b603143d1ff129280f0f78a3f56b97b467ecbacb601db42209f6',
  },
  {
    owner: 'Johannes Löthberg',
    fingerprint: '69E6471E3AE065297529832E6BA0F5A2037F4F41',
    sha256: '1ac5b265e0da64358ee43f36da11b01b146da643cd241156e44d14c1385da556',
  },
  {
    owner: 'David Runge',
    fingerprint: '2AC0A42EFB0B5CBC7A0402ED4DC95B6D7BE9892E',
    sha256: 'ebdd053d9976407b3e182ea852810a91d4b1b4f0bd8e248ec8df962de8a25a22',
  },
  { owner: 'Christian Heusel', fingerprint: '99B6618472A3B3B814185BAED7D3D823B88BDB9B', sha256: '' },
  {
    owner: 'Allan McRae',
    fingerprint: 'AB19265E5D7D20687D303246BA1DFB64FFF979E7',
    sha256: '315ae2d193fa799efa7c0fe8ab6cc23b5dddb41cfb1c28df575a83ade4c2c742',
  },
  {
    owner: 'Bartłomiej Piotrowski',
    fingerprint: 'DDB867B92AA789C165EEFA799B729B06A680C281',
    sha256: 'fe438f96f4cbb36335e7de0420ad5976025ef3f40aaa777c9d2814cbef6333ab',
  },
  {
    owner: 'Florian Pritz',
    fingerprint: '91FFE0700E80619CEB73235CA88E23E377514E00',
    sha256: 'dfdbfffaa7e86226f2967973277f3e51cd45f15070e94e1ec86278344a030e1b',
  },
  {
    owner: 'Pierre Schmitz',
    fingerprint: '0E8B644079F599DFC1DDC3973348882F6AC6A4C2',
    sha256: 'c2212133304d31e6cd806d35a0f8786f84eceee655a1ae9344ad5938d085114f',
  },
  {
    owner: 'Thomas Bächler',
    fingerprint: '684148BB25B49E986A4944C55184252D824B18E8',
    sha256: '08951a536b5111fb68dda3ec881cefae9a7ec54895cd800f1a62b5b59c04f5a1',
  },
];

/**
 * The files that are a pinned key, by SHA-256 of their bytes, under the pin's own name whatever theirs is; all others are
 * left out.
 * @param architecture Alpine's word; given, only the keys that sign for it
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
