import type { DistroId } from '../../src/model/package.ts';

/** Packages to be installed together into an empty root. */
export interface FidelitySet {
  readonly name: string;
  readonly distro: DistroId;
  /** What the tool and compose are asked for */
  readonly packages: readonly string[];
}

/** Every package of the 3.19 ISO that can be installed with the others: vlan's ifupdown and ifupdown-ng exclude each other. */
const ISO_ALL =
  'alpine-base alpine-baselayout alpine-baselayout-data alpine-conf alpine-keys alpine-release apk-tools bonding bridge busybox busybox-binsh busybox-mdev-openrc busybox-openrc busybox-suid ca-certificates-bundle chrony chrony-openrc dbus-libs dhcpcd dhcpcd-openrc doas e2fsprogs e2fsprogs-extra e2fsprogs-libs gmp gnutls ifupdown-ng ifupdown-ng-ppp ifupdown-ng-wifi iw kbd-bkeymaps libblkid libc-utils libcap2 libcom_err libcrypto3 libedit libfdisk libffi libidn2 libncursesw libnl3 libpcap libretls libseccomp libsmartcols libssl3 libtasn1 libunistring libusb libuuid mdev-conf musl musl-utils ncurses-terminfo-base nettle openntpd openntpd-openrc openrc openssh openssh-client-common openssh-client-default openssh-keygen openssh-server openssh-server-common openssh-server-common-openrc openssh-sftp-server openssl p11-kit partx pcre2 pcsc-lite-libs ppp-atm ppp-chat ppp-daemon ppp-l2tp ppp-minconn ppp-openrc ppp-passprompt ppp-passwordfd ppp-pppoe ppp-radius ppp-winbind scanelf sfdisk ssl_client tiny-cloud tiny-cloud-alpine tiny-cloud-nocloud tiny-cloud-openrc tzdata usb-modeswitch wget wpa_supplicant wpa_supplicant-openrc yaml yx zlib';

const ALPINE: Readonly<Record<string, string>> = {
  musl: 'musl',
  'alpine-baselayout': 'alpine-baselayout',
  busybox: 'busybox',
  'busybox-suid': 'busybox-suid',
  'alpine-keys': 'alpine-keys',
  'alpine-base': 'alpine-base',
  tzdata: 'tzdata',
  openssl: 'openssl',
  'ca-certificates': 'ca-certificates',
  openssh: 'openssh',
  openrc: 'openrc busybox-openrc',
  dhcpcd: 'dhcpcd',
  chrony: 'chrony',
  openntpd: 'openntpd',
  doas: 'doas',
  ppp: 'ppp-daemon ppp-pppoe ppp-openrc',
  vlan: 'vlan bridge',
  wpa: 'wpa_supplicant',
  'tiny-cloud': 'tiny-cloud-alpine',
  e2fsprogs: 'e2fsprogs e2fsprogs-extra',
  git: 'git',
  coreutils: 'coreutils',
  binutils: 'binutils',
  'musl-dev': 'musl-dev',
  'libstdc++-dev': 'libstdc++-dev',
  'linux-headers': 'linux-headers',
  eudev: 'eudev udev-init-scripts',
  mount: 'mount lsblk',
  pciutils: 'pciutils usbutils hwdata-pci',
  toolchain: 'alpine-base git make binutils musl-dev jq',
  'iso-all': ISO_ALL,
  'fx-links': 'fx-links fx-links-suid',
  'fx-modes': 'fx-modes',
  'fx-devices': 'fx-devices',
  'fx-xattrs': 'fx-xattrs',
  'fx-names': 'fx-names fx-times fx-empty',
  'fx-replaces': 'fx-replacing',
  'fx-replaces-first': 'fx-replacing-first fx-replaced',
  'fx-replaces-earlier': 'fx-replaced-late',
  'fx-priority': 'fx-priority-low',
  'fx-origin': 'fx-origin-b',
  'fx-directories': 'fx-dir-owned fx-dir-shut fx-dir-implied',
  'fx-implied': 'fx-dir-implied',
  'fx-usrmerge': 'fx-unmerged',
  'fx-owners': 'fx-owners alpine-base',
  'fx-config': 'fx-config-b',
  'fx-relations': 'fx-needs-virtual fx-empty',
  'fx-scripts': 'fx-scripts fx-links',
  'fx-failing': 'fx-failing',
};

const ARCH: Readonly<Record<string, string>> = {
  filesystem: 'filesystem',
  glibc: 'glibc',
  bash: 'bash',
  coreutils: 'coreutils',
  tzdata: 'tzdata',
  licenses: 'licenses',
  'linux-api-headers': 'linux-api-headers',
  'ca-certificates': 'ca-certificates',
  pacman: 'bash coreutils pacman',
  perl: 'perl',
  systemd: 'systemd systemd-sysvcompat',
  sudo: 'sudo',
  shadow: 'shadow',
  openssh: 'openssh',
  'man-db': 'man-db',
  glib2: 'glib2',
  texinfo: 'texinfo',
  dbus: 'dbus',
  iputils: 'iputils',
  shells: 'fish zsh',
  zsh: 'zsh',
  lvm2: 'lvm2 cryptsetup thin-provisioning-tools',
  'fx-links': 'fx-links',
  'fx-modes': 'fx-modes',
  'fx-devices': 'fx-devices',
  'fx-xattrs': 'fx-xattrs',
  'fx-names': 'fx-names fx-times fx-empty fx-bare',
  'fx-directories': 'fx-dir-shut fx-dir-implied',
  'fx-implied': 'fx-dir-implied',
  'fx-usrmerge': 'fx-unmerged',
  'fx-config': 'fx-config',
  'fx-described': 'fx-described fx-any',
  'fx-owners': 'fx-owners',
  'fx-scripts': 'fx-scripts',
  'pool-all': '',
};

export const SETS: readonly FidelitySet[] = [...named('alpine', ALPINE), ...named('arch', ARCH)];

function named(distro: DistroId, sets: Readonly<Record<string, string>>): readonly FidelitySet[] {
  return Object.entries(sets).map(([name, words]) => ({ name, distro, packages: words.split(' ') }));
}

/**
 * What a user's word means: a set's name, `alpine` or `arch` (all of its sets), or packages to try:
 * `arch:bash,sed`. Empty: nothing of the kind.
 */
export function setsOf(word: string): readonly FidelitySet[] {
  const [distro, packages] = word.split(':', 2);
  if ((distro === 'alpine' || distro === 'arch') && packages !== undefined)
    return [{ name: word, distro, packages: packages.split(',') }];
  return SETS.filter((set) => set.name === word || set.distro === word);
}
