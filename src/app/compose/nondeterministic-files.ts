import { createHash } from 'node:crypto';
import { required } from '../../model/required.ts';

/** Time span in which scripts ran, and the time that the image gives instead; seconds since the epoch. */
export interface RunTimes {
  readonly from: number;
  readonly to: number;
  readonly time: number;
}

/** A file that differs from run to run by nature, and how it is normalised: to a content, or undefined to remove it. */
interface NondeterministicFile {
  readonly path: RegExp;
  readonly why: string;
  readonly normalise: (content: Buffer, times: RunTimes) => Buffer | undefined;
}

const EMPTY = Buffer.alloc(0);
const DAY_SECONDS = 86_400;

/** Files that differ from run to run, and how each is normalised. Only files that scripts made or changed are looked up here. */
export const NONDETERMINISTIC_FILES: readonly NondeterministicFile[] = [
  {
    path: /^var\/cache\/ldconfig\/aux-cache$/,
    why: 'contains inode numbers and times of the file system that ldconfig saw; ldconfig makes it again',
    normalise: () => undefined,
  },
  {
    path: /^etc\/machine-id$/,
    why: 'a random id, one per machine; if empty, it is made at first boot (machine-id(5))',
    normalise: () => EMPTY,
  },
  {
    path: /^var\/lib\/dbus\/machine-id$/,
    why: 'a random id, one per machine; D-Bus falls back to /etc/machine-id',
    normalise: () => undefined,
  },
  {
    path: /^var\/lib\/(systemd\/)?random-seed$/,
    why: 'a secret that no two machines may share',
    normalise: () => undefined,
  },
  { path: /^var\/log\/.*$/, why: 'logs contain times', normalise: () => EMPTY },
  {
    path: /^etc\/g?shadow-?$/,
    why: 'adduser and passwd record the day (shadow(5), third field)',
    normalise: normaliseShadow,
  },
  {
    path: /^etc\/(.*\/)?cacerts$/,
    why: 'a Java key store records when each certificate was added',
    normalise: normaliseKeyStore,
  },
];

/** Sets the date of lines that were last changed on a day of the run to the day of the image's time. */
function normaliseShadow(content: Buffer, { from, to, time }: RunTimes): Buffer {
  const days = [from, to].map((seconds) => String(Math.floor(seconds / DAY_SECONDS)));
  const lines = content
    .toString('latin1')
    .split('\n')
    .map((line) => {
      const fields = line.split(':');
      if (fields.length !== 9 || !days.includes(required(fields, 2))) return line;
      return fields.with(2, String(Math.floor(time / DAY_SECONDS))).join(':');
    });
  return Buffer.from(lines.join('\n'), 'latin1');
}

/**
 * JKS: magic, version 2, count; entries; SHA-1 over the password, a fixed word and everything before it (as the JDK writes it).
 */
const JKS_MAGIC = 0xfeedfeed;
const JKS_PASSWORD = 'changeit';
const JKS_WORD = 'Mighty Aphrodite';
const SHA1_BYTES = 20;
const TRUSTED_CERTIFICATE = 2;

/** Sets the time of certificates to the image's. A key store of another form or password stays as it is. */
function normaliseKeyStore(content: Buffer, { from, to, time }: RunTimes): Buffer {
  const end = content.length - SHA1_BYTES;
  if (end < 12 || content.readUInt32BE(0) !== JKS_MAGIC || content.readUInt32BE(4) !== 2) return content;
  if (!keyStoreDigest(content.subarray(0, end)).equals(content.subarray(end))) return content;
  const settled = Buffer.from(content);
  let offset = 12;
  try {
    for (let count = content.readUInt32BE(8); count > 0; count--) {
      if (content.readUInt32BE(offset) !== TRUSTED_CERTIFICATE) return content;
      offset += 6 + content.readUInt16BE(offset + 4);
      const seconds = Number(content.readBigUInt64BE(offset)) / 1000;
      if (seconds >= from && seconds <= to) settled.writeBigUInt64BE(BigInt(time) * 1000n, offset);
      offset += 8;
      offset += 2 + content.readUInt16BE(offset);
      offset += 4 + content.readUInt32BE(offset);
    }
  } catch (error) {
    if (error instanceof RangeError) return content;
    throw error;
  }
  if (offset !== end) return content;
  keyStoreDigest(settled.subarray(0, end)).copy(settled, end);
  return settled;
}

function keyStoreDigest(body: Buffer): Buffer {
  const password = Buffer.from(JKS_PASSWORD, 'utf16le').swap16();
  return createHash('sha1').update(password).update(JKS_WORD).update(body).digest();
}
