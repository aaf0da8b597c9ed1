import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { PathFacts } from '../proof/trees.ts';
import type { RealDistro } from './real-tool.ts';

/**
 * What the real tool itself leaves otherwise from run to run, because time or chance stands in it: all but that is
 * compared. docs/fidelity.md shows this table too.
 */
export interface Varying {
  readonly distro: RealDistro;
  /** As in Allowance */
  readonly path: string;
  readonly reason: string;
  /** Of a tool that is not at hand everywhere */
  readonly tool?: 'apk 3';
  /** Now and then it is the same in both. */
  readonly byChance?: true;
  /** The same facts without time and chance. */
  steady(found: Found): PathFacts;
}

export interface Found {
  readonly facts: PathFacts;
  /** Of a file */
  readonly content: () => Buffer;
  readonly names: Names;
  /** Days since the epoch: the install's */
  isToday(day: number): boolean;
}

/** What a tree's own passwd and group say. */
export interface Names {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

export const VARYING: readonly Varying[] = [
  {
    distro: 'alpine',
    path: 'lib/apk/db/scripts.tar',
    reason: 'the times of its entries: the time of the install',
    steady: (found) => ofContent(found, timelessTar(found.content())),
  },
  {
    distro: 'alpine',
    path: '{,usr/}lib/apk/db/scripts.tar.gz',
    reason: 'the compressed bytes of the same tar: apk 3’s zlib is not the one of Node.js',
    steady: (found) => ofContent(found, gunzipSync(found.content())),
    tool: 'apk 3',
  },
  {
    distro: 'alpine',
    path: 'etc/shadow{,-}',
    reason: 'the day of the last password change, for new users: the day of the install',
    steady: (found) => ofContent(found, dayless(latin1(found), found)),
  },
  {
    distro: 'arch',
    path: 'var/lib/pacman/local/*/desc',
    reason: '%INSTALLDATE%, the time of the install',
    steady: (found) => ofContent(found, latin1(found).replace(/(?<=^%INSTALLDATE%\n)\d+$/m, 'now')),
  },
  {
    distro: 'arch',
    path: 'etc/ssl/certs/java/cacerts',
    reason: 'the times at which certificates were added to the Java key store, and a checksum of them',
    steady: (found) => ofContent(found, timelessKeyStore(found.content())),
  },
  {
    distro: 'arch',
    path: 'etc/machine-id',
    reason: 'a random number, from systemd’s scriptlet',
    steady: (found) => ofContent(found, latin1(found).replace(/[0-9a-f]/g, 'x')),
  },
  {
    distro: 'arch',
    path: 'etc/{passwd,group,shadow,gshadow}',
    reason:
      'the order and numbers of the users and groups that systemd-sysusers adds; the day of the last password change',
    steady: (found) => ofContent(found, accounts(dayless(latin1(found), found), found.names)),
  },
  {
    distro: 'arch',
    path: 'var/log/journal',
    reason: 'numbers of those users in its ACL; without /proc, its owner is the package’s',
    steady: ({ facts, names }) => ({ ...facts, xattrs: aclsByName(facts.xattrs, names) }),
    byChance: true,
  },
  {
    distro: 'arch',
    path: 'var/log/journal{,/remote}',
    reason: 'numbers of those users as its owner and in its ACL',
    steady: (found) => ({ ...ownedByName(found), xattrs: aclsByName(found.facts.xattrs, found.names) }),
    byChance: true,
  },
  ...['run/systemd/netif{,/*}', 'var/log/{btmp,lastlog,wtmp}'].map(
    (path): Varying => ({
      distro: 'arch',
      path,
      reason: 'numbers of those users as their owners, if scripts find /proc: `--install run`',
      steady: ownedByName,
      byChance: true,
    }),
  ),
  {
    distro: 'arch',
    path: 'var/lib/systemd/catalog/database',
    reason: 'the order in which journalctl writes the catalog’s texts',
    steady: (found) => ofContent(found, catalogTexts(found.content())),
  },
];

/** Names by the ids of a passwd or group file. */
export function namesOf(accountFile: string): ReadonlyMap<number, string> {
  const fields = accountFile.split('\n').map((line) => line.split(':'));
  return new Map(fields.filter((one) => one.length > 2).map(([name = '', , id]) => [Number(id), name]));
}

function latin1({ content }: Found): string {
  return content().toString('latin1');
}

function ofContent({ facts }: Found, content: string | Buffer): PathFacts {
  return { ...facts, content: hash('sha256', content, 'hex'), sizeBytes: content.length };
}

/** systemd-sysusers numbers from 999 down; what has a number of its own keeps it. */
function isByChance(id: number): boolean {
  return id >= 900 && id <= 999;
}

function ownedByName({ facts, names }: Found): PathFacts {
  return { ...facts, uid: named(facts.uid, names.users), gid: named(facts.gid, names.groups) };
}

function named(id: number | string, names: ReadonlyMap<number, string>): number | string {
  return typeof id === 'number' && isByChance(id) ? (names.get(id) ?? id) : id;
}

/** shadow(5): `name:password:day:…` */
function dayless(text: string, { isToday }: Found): string {
  return text.replace(/^([^:]*:[^:]*):(\d+):/gm, (all, head: string, day: string) =>
    isToday(Number(day)) ? `${head}:today:` : all,
  );
}

/** Lines in order of names; passwd: `name:x:uid:gid:…`, group: `name:x:gid:…`, the others have no numbers there. */
function accounts(text: string, names: Names): string {
  const lines = text.split('\n').map((line) => {
    const [name = '', password = '', id = '', group = '', ...rest] = line.split(':');
    if (!/^\d+$/.test(id) || !isByChance(Number(id))) return line;
    const gid = /^\d+$/.test(group) ? named(Number(group), names.groups) : group;
    return [name, password, 'by chance', gid, ...rest].join(':');
  });
  return lines.sort().join('\n');
}

function aclsByName(xattrs: PathFacts['xattrs'], names: Names): PathFacts['xattrs'] {
  const texts = Object.entries(xattrs).map(([name, value]) => [
    name,
    name.startsWith('system.posix_acl_') ? aclText(Buffer.from(value, 'base64'), names) : value,
  ]);
  return Object.fromEntries(texts);
}

/** acl(5) in an xattr: a version; entries of tag, permissions, id, which counts for named users (2) and groups (8). */
function aclText(acl: Buffer, names: Names): string {
  const entries: string[] = [];
  for (let at = 4; at + 8 <= acl.length; at += 8) {
    const [tag, permissions, id] = [acl.readUInt16LE(at), acl.readUInt16LE(at + 2), acl.readUInt32LE(at + 4)];
    const who = tag === 2 ? named(id, names.users) : tag === 8 ? named(id, names.groups) : '';
    entries.push(`${tag}:${who}:${permissions}`);
  }
  return entries.sort().join(',');
}

/** A ustar without extended headers: mtime and checksum of every header emptied. */
function timelessTar(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  for (let at = 0; at + 512 <= copy.length && copy[at] !== 0; ) {
    const sizeBytes = Number.parseInt(copy.toString('latin1', at + 124, at + 136), 8);
    copy.fill(0, at + 136, at + 156);
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return copy;
}

/** JKS: magic, version, count; entries of tag, alias, 8 bytes of time, type, certificate; 20 bytes of checksum. */
function timelessKeyStore(content: Buffer): Buffer {
  const copy = Buffer.from(content.subarray(0, -20));
  if (copy.readUInt32BE(0) !== 0xfeedfeed) return copy;
  for (let at = 12; at < copy.length; ) {
    at += 4;
    at += 2 + copy.readUInt16BE(at);
    copy.fill(0, at, at + 8);
    at += 8;
    at += 2 + copy.readUInt16BE(at);
    at += 4 + copy.readUInt32BE(at);
  }
  return copy;
}

/** systemd's catalog.c: magic, flags, header size, count, item size; items of id, language, offset; NUL-ended texts. */
function catalogTexts(content: Buffer): string {
  const headerBytes = Number(content.readBigUInt64LE(16));
  const count = Number(content.readBigUInt64LE(24));
  const itemBytes = Number(content.readBigUInt64LE(32));
  const texts = headerBytes + count * itemBytes;
  const items = Array.from({ length: count }, (_, index) => {
    const item = content.subarray(headerBytes + index * itemBytes, headerBytes + (index + 1) * itemBytes);
    const from = texts + Number(item.readBigUInt64LE(itemBytes - 8));
    const text = content.toString('latin1', from, content.indexOf(0, from));
    return `${item.toString('hex', 0, itemBytes - 8)} ${text}`;
  });
  return items.sort().join('\n');
}
