import type { FileEntry } from '../../model/file-entry.ts';

/** Revision of a capability value, in its first four bytes → length of the value (linux/capability.h). */
const CAPABILITY_BYTES: Readonly<Record<number, number>> = { 2: 20, 3: 24 };

/**
 * Returns the names of a file's attributes that setxattr(2) refuses on every file system, because of the name or the value. Names
 * in namespaces that Linux does not have are not among them: engines ignore unsupported attributes.
 */
export function refusedXattrs({ type, xattrs }: Pick<FileEntry, 'type' | 'xattrs'>): readonly string[] {
  return Object.keys(xattrs).filter((name) => {
    const value = Buffer.from(xattrs[name] as string, 'base64');
    if (/^(?:user|trusted|security)\.$/.test(name)) return true;
    if (name.startsWith('user.')) return type !== 'file' && type !== 'directory' && type !== 'hardlink';
    if (name === 'security.capability') return !isCapability(value);
    if (name === 'system.posix_acl_access') return !isAcl(value);
    if (name === 'system.posix_acl_default') return type !== 'directory' || !isAcl(value);
    return false;
  });
}

function isCapability(value: Buffer): boolean {
  return value.length >= 4 && CAPABILITY_BYTES[value[3] as number] === value.length;
}

const ACL_VERSION = 2;
const ACL = { userObject: 1, user: 2, groupObject: 4, group: 8, mask: 16, other: 32 } as const;
/** Order of the tags in a value, a letter for each; with a named user or group, there must be a mask. */
const ACL_ORDER = /^u(?:go|U*g(?:G*)mo)$/;
const ACL_LETTERS: Readonly<Record<number, string>> = {
  [ACL.userObject]: 'u',
  [ACL.user]: 'U',
  [ACL.groupObject]: 'g',
  [ACL.group]: 'G',
  [ACL.mask]: 'm',
  [ACL.other]: 'o',
};

/**
 * Returns whether a value is an ACL (linux/posix_acl_xattr.h): a version, then tag (16 bits), permissions (16) and id (32) of
 * each entry, all little-endian.
 */
function isAcl(value: Buffer): boolean {
  if (value.length < 4 || value.length % 8 !== 4 || value.readUInt32LE(0) !== ACL_VERSION) return false;
  let letters = '';
  for (let offset = 4; offset < value.length; offset += 8) {
    if (value.readUInt16LE(offset + 2) > 7) return false;
    letters += ACL_LETTERS[value.readUInt16LE(offset)] ?? '?';
  }
  return letters === '' || ACL_ORDER.test(letters);
}
