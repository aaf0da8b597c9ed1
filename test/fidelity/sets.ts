import type { RealDistro } from './real-tool.ts';

/** Packages to be installed together into an empty root. */
export interface FidelitySet {
  readonly name: string;
  readonly distro: RealDistro;
  /** What the tool and compose are asked for */
  readonly packages: readonly string[];
  /** Of a tool that is not at hand everywhere: what apk 2 cannot install */
  readonly tool?: 'apk 3';
}

/** Of the ISO's 100 packages all but vlan and network-extras, which need another ifupdown than ifupdown-ng. */
const ISO = [
  'alpine-base alpine-baselayout alpine-baselayout-data alpine-conf alpine-keys alpine-release',
  'apk-tools bonding bridge busybox busybox-binsh busybox-mdev-openrc busybox-openrc busybox-suid',
  'ca-certificates-bundle chrony chrony-openrc dbus-libs dhcpcd dhcpcd-openrc doas e2fsprogs',
  'e2fsprogs-extra e2fsprogs-libs gmp gnutls ifupdown-ng ifupdown-ng-ppp ifupdown-ng-wifi iw',
  'kbd-bkeymaps libblkid libc-utils libcap2 libcom_err libcrypto3 libedit libfdisk libffi libidn2',
  'libncursesw libnl3 libpcap libretls libseccomp libsmartcols libssl3 libtasn1 libunistring libusb',
  'libuuid mdev-conf musl musl-utils ncurses-terminfo-base nettle openntpd openntpd-openrc openrc',
  'openssh openssh-client-common openssh-client-default openssh-keygen openssh-server',
  'openssh-server-common openssh-server-common-openrc openssh-sftp-server openssl p11-kit partx pcre2',
  'pcsc-lite-libs ppp-atm ppp-chat ppp-daemon ppp-l2tp ppp-minconn ppp-openrc ppp-passprompt',
  'ppp-passwordfd ppp-pppoe ppp-radius ppp-winbind scanelf sfdisk ssl_client tiny-cloud',
  'tiny-cloud-alpine tiny-cloud-nocloud tiny-cloud-openrc tzdata usb-modeswitch wget wpa_supplicant',
  'wpa_supplicant-openrc yaml yx zlib',
].join(' ');
/** Of the pool's 160 packages all but make, dkms and broadcom-wl-dkms, which need what is not in it. */
const POOL = [
  'acl archlinux-keyring attr bash bc bzip2 ca-certificates ca-certificates-cacert',
  'ca-certificates-mozilla ca-certificates-utils coreutils cracklib cryptsetup curl db dbus',
  'device-mapper dhcpcd dialog diffutils dnssec-anchors dropbear e2fsprogs expat fakeroot file',
  'filesystem findutils fish gawk gc gcc-libs gdbm gettext glib2 glibc gmp gnupg gnutls gpgme grep',
  'groff gzip hwids iana-etc inetutils iproute2 iptables iputils iw jemalloc jfsutils json-c kbd',
  'keyutils kmod krb5 ldns less libaio libarchive libassuan libatomic_ops libcap libcap-ng libedit',
  'libelf libffi libgcrypt libgpg-error libidn libidn2 libksba libldap libmnl libmpc libnftnl',
  'libnghttp2 libnl libpcap libpipeline libpsl libsasl libseccomp libsecret libssh2 libsystemd libtasn1',
  'libtermkey libtirpc libtool libunistring libusb libutil-linux libuv libvterm licenses',
  'linux-api-headers logrotate luajit lvm2 lz4 man-db mdadm mkinitcpio mkinitcpio-busybox mpfr',
  'msgpack-c nano ncurses net-tools netctl nettle npth openresolv openssh openssl p11-kit pacman',
  'pacman-mirrorlist pam pambase patch pciutils pcmciautils pcre pcre2 perl perl-error pinentry popt',
  'procps-ng psmisc readline reiserfsprogs rsync s-nail sed shadow sqlite sudo sysfsutils systemd',
  'systemd-sysvcompat tar texinfo thin-provisioning-tools tzdata unibilium usbutils util-linux vi which',
  'xfsprogs xz zlib zsh',
].join(' ');

const ALPINE: Readonly<Record<string, string>> = {
  musl: 'musl',
  'alpine-baselayout': 'alpine-baselayout',
  'alpine-release': 'alpine-release',
  'alpine-keys': 'alpine-keys',
  'alpine-base': 'alpine-base',
  busybox: 'busybox',
  'busybox-suid': 'busybox-suid',
  'mdev-conf': 'mdev-conf busybox-mdev-openrc',
  tzdata: 'tzdata',
  terminfo: 'ncurses-terminfo-base',
  openssl: 'openssl',
  'ca-bundle': 'ca-certificates-bundle',
  'ca-certificates': 'ca-certificates',
  openssh: 'openssh',
  openrc: 'openrc busybox-openrc',
  dhcpcd: 'dhcpcd',
  chrony: 'chrony',
  openntpd: 'openntpd',
  doas: 'doas',
  ppp: 'ppp-daemon ppp-pppoe ppp-openrc',
  vlan: 'vlan bridge',
  'network-extras': 'network-extras',
  wpa: 'wpa_supplicant',
  'tiny-cloud': 'tiny-cloud-alpine',
  kbd: 'kbd-bkeymaps',
  e2fsprogs: 'e2fsprogs e2fsprogs-extra',
  gnutls: 'gnutls',
  wget: 'wget',
  git: 'git',
  curl: 'libcurl',
  coreutils: 'coreutils',
  grep: 'grep',
  jq: 'jq',
  binutils: 'binutils',
  'musl-dev': 'musl-dev',
  'libstdc++-dev': 'libstdc++-dev',
  gfortran: 'libgfortran libgomp',
  isl: 'isl26 mpc1 mpfr4',
  'linux-headers': 'linux-headers',
  eudev: 'eudev udev-init-scripts',
  mount: 'mount lsblk',
  gptfdisk: 'gptfdisk sgdisk',
  ipmitool: 'ipmitool ipmitool-openrc',
  usbutils: 'pciutils usbutils',
  toolchain: 'alpine-base git make binutils musl-dev jq',
  iso: ISO,
  'fx-links': 'fx-links fx-links-suid',
  'fx-modes': 'fx-modes',
  'fx-devices': 'fx-devices',
  'fx-xattrs': 'fx-xattrs',
  'fx-names': 'fx-names fx-times fx-empty',
  'fx-sizeless': 'fx-sizeless',
  'fx-replaces': 'fx-replacing',
  'fx-replaces-first': 'fx-replacing-first fx-replaced',
  'fx-replaces-earlier': 'fx-replaced-late',
  'fx-priority': 'fx-priority-low',
  'fx-origin': 'fx-origin-b',
  'fx-directories': 'fx-dir-owned fx-dir-shut',
  'fx-usrmerge': 'fx-unmerged',
  'fx-owners': 'fx-owners alpine-base',
  'fx-config': 'fx-config-b',
  'fx-relations': 'fx-needs-virtual fx-empty',
  'fx-scripts': 'fx-scripts fx-links',
  'fx-failing': 'fx-failing',
  'fx-read': 'fx-pax fx-pkginfo fx-hard-over',
  'fx-refused-xattrs': 'fx-refused-xattrs',
  'script-folder': 'apk-tools busybox',
  'fx-hooks': 'fx-hooks',
};

const ARCH: Readonly<Record<string, string>> = {
  filesystem: 'filesystem',
  tzdata: 'tzdata',
  licenses: 'licenses',
  'linux-api-headers': 'linux-api-headers',
  'iana-etc': 'iana-etc',
  hwids: 'hwids',
  keyring: 'archlinux-keyring',
  mirrorlist: 'pacman-mirrorlist',
  pambase: 'pambase dnssec-anchors',
  dropbear: 'dropbear',
  glibc: 'glibc',
  'gcc-libs': 'gcc-libs',
  mdadm: 'mdadm mkinitcpio-busybox',
  libcap: 'libcap attr acl',
  ncurses: 'ncurses',
  sed: 'sed tar',
  bash: 'bash',
  gzip: 'gzip less',
  e2fsprogs: 'e2fsprogs',
  openssl: 'openssl perl',
  glib2: 'glib2',
  texinfo: 'texinfo',
  openssh: 'openssh s-nail',
  sudo: 'sudo',
  gnupg: 'gnupg fish',
  pacman: 'bash coreutils pacman',
  systemd: 'systemd-sysvcompat dhcpcd',
  pool: POOL,
  'fx-links': 'fx-links',
  'fx-modes': 'fx-modes',
  'fx-devices': 'fx-devices',
  'fx-xattrs': 'fx-xattrs',
  'fx-names': 'fx-names fx-times fx-empty fx-bare',
  'fx-directories': 'fx-dir-shut fx-dir-implied',
  'fx-implied': 'fx-dir-implied',
  'fx-merged': 'fx-merged',
  'fx-config': 'fx-config',
  'fx-described': 'fx-described fx-any',
  'fx-owners': 'fx-owners',
  'fx-scripts': 'fx-scripts',
};

/** apk 2 does not get far where /lib is a link. */
const ALPINE_3: Readonly<Record<string, string>> = {
  'fx-merged-root': 'fx-musl busybox busybox-suid',
};

export const SETS: readonly FidelitySet[] = [
  ...named('alpine', ALPINE),
  ...named('alpine', ALPINE_3).map((set) => ({ ...set, tool: 'apk 3' as const })),
  ...named('arch', ARCH),
];

function named(distro: RealDistro, sets: Readonly<Record<string, string>>): readonly FidelitySet[] {
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
  return SETS.filter((set) => set.name === word || (set.distro === word && set.tool === undefined));
}
