import { decodePath } from '../../model/path-bytes.ts';
import type { RootDraft } from '../shared/root-draft.ts';
import type { CommandCall, CommandResult } from '../shared/shell/command.ts';
import { undecided } from '../shared/shell/undecided.ts';
import { certificateOf, subjectHash } from './known-x509.ts';

/** Paths of update-ca-certificates: in usr/bin if usr/sbin is a link to it */
export const UPDATE_CA_CERTIFICATES = ['usr/sbin/update-ca-certificates', 'usr/bin/update-ca-certificates'];
/** Path of OpenSSL's c_rehash, as the package ca-certificates ships it */
export const C_REHASH = 'usr/bin/c_rehash';
const UPDATE_SCRIPTS = 'etc/ca-certificates/update.d';

const CONFIGURATION = 'etc/ca-certificates.conf';
const CERTIFICATES = 'usr/share/ca-certificates';
const LOCAL_CERTIFICATES = 'usr/local/share/ca-certificates';
const FOLDER = 'etc/ssl/certs';
const BUNDLE = 'ca-certificates.crt';
/** The real list has some 150; each costs a hash or two. */
const MAX_CERTIFICATES = 2000;
const LINE_FEED = 0x0a;

/**
 * Runs Alpine's update-ca-certificates (update-ca.c): it writes the certificates of the configuration in its order, each followed
 * by an empty line, makes a link for each, and then runs the scripts of `update.d` through `runScript`. If it has run before in
 * this folder, or an administrator has added certificates, the order depends on the file system.
 * @throws Undecided
 */
export function updateCaCertificates(
  { args, root, find }: CommandCall,
  runScript: (path: string) => number,
): CommandResult {
  if (args.length > 0 || root.list(LOCAL_CERTIFICATES).length > 0) undecided('certificates of its own');
  if (root.list(FOLDER).some((name) => name !== BUNDLE)) undecided(`files in ${FOLDER}`);
  if (root.statFollow(FOLDER)?.type !== 'directory') undecided(`no ${FOLDER}`);

  const parts: Uint8Array[] = [];
  for (const name of configured(root)) {
    const path = `${CERTIFICATES}/${name}`;
    const content = root.read(path) ?? undecided(`no ${path}`);
    if (content.at(-1) !== LINE_FEED) undecided(`no line feed at the end of ${path}`);
    parts.push(content, Buffer.of(LINE_FEED));
    root.put(`${FOLDER}/${linkName(name)}`, { type: 'symlink', linkTarget: `/${path}` });
  }
  root.put(`${FOLDER}/${BUNDLE}`, { type: 'file', mode: 0o644, content: Buffer.concat(parts) });

  if (!['usr/bin/run-parts', 'bin/run-parts'].includes(find('run-parts') ?? '')) undecided('no run-parts');
  for (const name of root.list(UPDATE_SCRIPTS)) {
    const path = `${UPDATE_SCRIPTS}/${name}`;
    // run-parts has the same rule for names, and skips files that are not executable.
    if (!/^[A-Za-z0-9_-]+$/.test(name)) continue;
    const entry = root.statFollow(path);
    if (entry?.type !== 'file' || (entry.mode & 0o111) === 0) continue;
    if (runScript(path) !== 0) return { status: 1 };
  }
  return { status: 0 };
}

function configured(root: RootDraft): readonly string[] {
  const text = decodePath(root.read(CONFIGURATION) ?? undecided(`no ${CONFIGURATION}`));
  const names = text
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => !/^[#!]/.test(line));
  if (names.length === 0 || names.length > MAX_CERTIFICATES) undecided(`${names.length} certificates`);
  if (names.some((name) => !/^[A-Za-z0-9_-]+\/[^/.\0-\x1f\x7f][^/\0-\x1f\x7f]*\.crt$/.test(name)))
    undecided(`a line of ${CONFIGURATION}`);
  if (new Set(names.map(linkName)).size !== names.length) undecided('two certificates of one name');
  return names;
}

function linkName(certificate: string): string {
  const name = certificate.slice(certificate.lastIndexOf('/') + 1, -'.crt'.length);
  return `ca-cert-${name}.pem`.replaceAll(/[, ]/g, '_').replaceAll(/[()]/g, '=');
}

/**
 * Runs `c_rehash DIRECTORY` as Alpine ships it: makes a link, named by the hash of the subject, for each file with one
 * certificate. If two links would have the same name, the result depends on the file system's order.
 * @throws Undecided
 */
export function rehash({ args, root }: CommandCall): CommandResult {
  const [folder, ...rest] = args;
  if (folder !== `/${FOLDER}` || rest.length > 0) return undecided('c_rehash');
  const links = new Map<string, string>();
  for (const name of root.list(FOLDER)) {
    if (/^[0-9a-f]{8}\.r?[0-9]+$/.test(name)) undecided('links of before');
    if (!/\.(?:pem|crt|cer|crl)$/.test(name)) undecided(`${name} in ${FOLDER}`);
    const text = Buffer.from(root.read(`${FOLDER}/${name}`) ?? []).toString('latin1');
    const count = text.split('-----BEGIN ').length - 1;
    // A file with several certificates, the bundle, gets no link.
    if (count > 1) continue;
    const link = `${subjectHash(certificateOf(text))}.0`;
    if (links.has(link)) undecided('two certificates of one hash');
    links.set(link, name);
  }
  for (const [link, linkTarget] of links) root.put(`${FOLDER}/${link}`, { type: 'symlink', linkTarget });
  return { status: 0 };
}
