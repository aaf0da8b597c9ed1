import { AppError } from '../model/app-error.ts';

/** An image name with its tag, in the two spellings that engines use. */
export interface ImageTag {
  /** As people write it: `pkgcompose/gcc:latest`, `ghcr.io/me/gcc:1` */
  readonly familiar: string;
  /** With registry and namespace: `docker.io/pkgcompose/gcc:latest` */
  readonly full: string;
}

/** github.com/distribution/reference, NameTotalLengthMax: engines refuse longer repository names. */
const MAX_NAME_LENGTH = 255;
const DOMAIN =
  /^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*(?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads `[registry[:port]/]name[:tag]` by the grammar of github.com/distribution/reference; the tag defaults to
 * `latest`.
 * @throws AppError USAGE when an engine would refuse the name
 */
export function parseTag(text: string): ImageTag {
  if (text.includes('@')) throw invalid(text, 'a digest cannot be a tag');
  const colon = text.lastIndexOf(':');
  const hasTag = colon > text.lastIndexOf('/');
  const name = hasTag ? text.slice(0, colon) : text;
  const tag = hasTag ? text.slice(colon + 1) : 'latest';
  if (!TAG.test(tag)) throw invalid(text, `${JSON.stringify(tag)} is not a tag`);

  const slash = name.indexOf('/');
  const head = slash < 0 ? '' : name.slice(0, slash);
  const named = slash >= 0 && (/[.:A-Z]/.test(head) || head === 'localhost');
  const domain = named && head !== 'index.docker.io' ? head : 'docker.io';
  const path = named ? name.slice(slash + 1) : name;
  if (!DOMAIN.test(domain)) throw invalid(text, `${JSON.stringify(domain)} is not a registry`);
  for (const component of path.split('/')) {
    if (!COMPONENT.test(component))
      throw invalid(text, `${JSON.stringify(component)} is not a name component`);
  }
  if (domain.length + 1 + path.length > MAX_NAME_LENGTH) {
    throw invalid(text, `the name is longer than ${MAX_NAME_LENGTH} characters`);
  }
  if (domain !== 'docker.io')
    return { familiar: `${domain}/${path}:${tag}`, full: `${domain}/${path}:${tag}` };
  const fullPath = path.includes('/') ? path : `library/${path}`;
  const familiar = fullPath.startsWith('library/') ? fullPath.slice('library/'.length) : fullPath;
  return { familiar: `${familiar}:${tag}`, full: `docker.io/${fullPath}:${tag}` };
}

function invalid(text: string, why: string): AppError {
  return new AppError('USAGE', `not an image name: ${JSON.stringify(text)}: ${why}`, {
    hint: 'Image names look like pkgcompose/gcc:latest or registry.example:5000/team/gcc:1.0, in lower case.',
    details: { tag: text },
  });
}
