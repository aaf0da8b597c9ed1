import type { KeyPin } from '../../trust/openpgp-keyring.ts';

/** Pin of a main signing key. */
export interface ArchMasterKeyPin extends KeyPin {
  readonly owner: string;
}

/**
 * Pins of Arch's main signing keys: first today's five, then the five of archlinux-keyring 20171213, since retired, for archives
 * of their time. Sources: archlinux-trusted and archlinux.gpg of archlinux-keyring 20171213 and 20231113; for Christian Heusel's
 * key, which is newer, public copies of today's archlinux-trusted. SHA-256 of the key packet is pinned for all but Christian
 * Heusel's key, whose bytes were not available: of it, only the v4 fingerprint is pinned.
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
