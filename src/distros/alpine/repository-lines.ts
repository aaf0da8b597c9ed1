import { splitQuery } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';

/**
 * Returns a reader of lists of repositories, line by line, which remembers the variables that lines set. Source:
 * apk-repositories(5) of apk 3, `repoparser.c`.
 * @returns function from a line to the repositories that it names, each as `URL`, `@tag URL` or `ndx [@tag] URL`
 * @throws AppError (from the returned function) USAGE for a line of another form; UNSUPPORTED for a repository in apk 3's format
 */
export function repositoryLines({
  architecture,
}: {
  readonly architecture: string;
}): (line: string) => readonly string[] {
  const variables = new Map([['APK_ARCH', architecture]]);

  const substituted = (text: string, line: string): string =>
    text.replace(/\$\{([^}:]*)(?::(\d+))?\}/g, (_, key: string, length: string | undefined) => {
      const value = variables.get(key);
      if (value === undefined) throw refused(line, `${key} to be set by an earlier line`);
      return length === undefined ? value : value.slice(0, Number(length));
    });

  const set = (line: string): void => {
    const found = SET.exec(line);
    if (found === null)
      throw refused(line, 'set [-default] NAME=VALUE with a NAME that does not start with APK_');
    const [, byDefault, key = '', value = ''] = found;
    if (byDefault === undefined || !variables.has(key)) variables.set(key, substituted(value, line));
  };

  return (text) => {
    const line = text.trim();
    const words = line.split(/[ \t]+/);
    if (words[0] === 'set' && words.length > 1) {
      set(line);
      return [];
    }
    const type = words.length > 1 && TYPES.has(words[0] as string) ? words.shift() : undefined;
    const tag = words[0]?.startsWith('@') && words.length > 1 ? `${words.shift()} ` : '';
    const [place = '', ...components] = words.map((word) => substituted(word, line));
    if (type === 'v3') throw unsupported(line);
    if (components.length === 0) return [`${type === 'ndx' ? 'ndx ' : ''}${tag}${place}`];
    if (!isUrl(place)) {
      if (type === undefined && tag !== '') return [line];
      throw refused(line, 'a URL or an absolute path before the components');
    }
    if (type === 'ndx') throw refused(line, 'one index after ndx');
    const { place: base, query } = splitQuery(place);
    return components.map((component) => `${tag}${base.replace(/\/+$/, '')}/${component}${query}`);
  };
}

const TYPES = new Set(['ndx', 'v2', 'v3']);
const SET = /^set[ \t]+(-default[ \t]+)?(?!APK_)([A-Za-z][A-Za-z0-9_]*)=(.*)$/;

function isUrl(word: string): boolean {
  return word.startsWith('/') || word.includes('://');
}

function refused(line: string, expected: string): AppError {
  return new AppError(
    'USAGE',
    `not a line of repositories: expected ${expected}, got ${JSON.stringify(line)}`,
    {
      hint: 'Write [v2] [@TAG] URL [COMPONENT…], ndx [@TAG] URL or set [-default] NAME=VALUE, as in /etc/apk/repositories.',
    },
  );
}

/** Makes the error UNSUPPORTED for a line that names an index or repository in apk 3's own format. */
export function unsupported(line: string): AppError {
  return new AppError(
    'UNSUPPORTED',
    `${line}: a repository in apk 3's own format (v3, .adb), which is not supported yet`,
    {
      hint: 'Use the v2 repository (APKINDEX.tar.gz), where Alpine serves the same packages.',
    },
  );
}
