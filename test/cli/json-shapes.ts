import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The types of src/model, as docs/json.md quotes them. */

const ROOT = join(import.meta.dirname, '../..');

/** Command line → the type of what it prints with `--json`. */
export const JSON_TYPES: readonly (readonly [line: string, type: string])[] = [
  ['compose PKG…, compose build', 'ComposeReport'],
  ['compose plan, --dry-run', 'PlanReport'],
  ['compose index', 'IndexReport[]'],
  ['compose ingest', 'IngestReport[]'],
  ['compose search', 'SearchReport'],
  ['compose show', 'ShowReport[]'],
  ['compose files', 'FilesReport[]'],
  ['compose owns', 'OwnsReport'],
  ['compose depends', 'DependsReport[]'],
  ['compose depends --tree, compose graph', 'GraphReport'],
  ['compose rdepends', 'DependentsReport'],
  ['compose why', 'WhyReport'],
  ['compose providers', 'ProvidersReport[]'],
  ['compose verify', 'VerifyReport'],
  ['compose diff', 'DiffReport'],
  ['compose inspect', 'InspectReport'],
  ['compose push, compose cp', 'CopyReport'],
  ['compose pull, compose cp … ./PATH', 'PullReport'],
  ['compose tags', 'TagsReport'],
  ['compose rm', 'RemoveReport'],
  ['compose login', 'LoginReport'],
  ['compose logout', 'LogoutReport'],
  ['compose artifact push', 'ArtifactPushReport'],
  ['compose artifact pull', 'ArtifactPullReport'],
  ['compose artifact fetch', 'ArtifactFetchReport'],
  ['compose catalog push', 'CatalogPushReport'],
  ['compose catalog pull', 'CatalogPullReport'],
  ['compose mirror add', 'MirrorAddReport'],
  ['compose mirror ls', 'MirrorListReport'],
  ['compose cache ls', 'CacheEntryReport[]'],
  ['compose cache verify', 'CacheVerifyReport'],
  ['compose cache gc', 'CacheGcReport'],
];

function readDeclarations(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of globSync('src/model/*.ts', { cwd: ROOT }).sort()) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    for (const [text, interfaceName, typeName] of source.matchAll(
      // An interface ends with a brace at the beginning of a line; a type with a semicolon before a line that is not indented.
      /(?:^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?^export (?:interface (\w+)[\s\S]*?^\}|type (\w+)[\s\S]*?;$(?!\n ))/gm,
    )) {
      found.set((interfaceName ?? typeName)!, text);
    }
  }
  return found;
}

const DECLARATIONS = readDeclarations();

/** The declarations of a type and of all that it mentions, in the order of their first mention. */
function closure(roots: readonly string[]): readonly string[] {
  const seen = new Set(roots);
  for (const name of seen) {
    const code = DECLARATIONS.get(name)!.replace(/\/\*\*[\s\S]*?\*\//g, '');
    for (const [word] of code.matchAll(/\b[A-Z]\w+\b/g)) if (DECLARATIONS.has(word)) seen.add(word);
  }
  return [...seen];
}

const rootOf = (type: string): string => type.replace('[]', '');

/** Page text: which command prints what, then the types. */
export function jsonShapes(): string {
  const rows = JSON_TYPES.map(([line, type]) => `| \`${line}\` | \`${type}\` |\n`).join('');
  const types = closure(JSON_TYPES.map(([, type]) => rootOf(type))).map((name) =>
    DECLARATIONS.get(name)!
      .replace(/^(\s*)readonly /gm, '$1')
      .replace(/\breadonly (?=\w+(?:<[^>]*>)?\[\])/g, '')
      .replace(/^export /m, '')
      .replace(/ & \{ readonly __brand: '[^']*' \}/, ''),
  );
  return `| command | prints |\n| --- | --- |\n${rows}\n\`\`\`ts\n${types.join('\n\n')}\n\`\`\`\n`;
}

/** Fields of an interface, those of its bases too; undefined for what is no interface. */
export function fieldsOf(
  type: string,
): { readonly all: Set<string>; readonly required: Set<string> } | undefined {
  const text = DECLARATIONS.get(rootOf(type));
  const [, bases = ''] = /^export interface \w+(?: extends ([^{]*))? \{$/m.exec(text ?? '') ?? [];
  if (text === undefined || !/^export interface/m.test(text)) return undefined;
  const all = new Set<string>();
  const required = new Set<string>();
  for (const base of bases
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')) {
    const inherited = fieldsOf(base);
    for (const name of inherited?.all ?? []) all.add(name);
    for (const name of inherited?.required ?? []) required.add(name);
  }
  for (const [, name, optional] of text.matchAll(/^ {2}(?:readonly )?'?([\w.]+)'?(\?)?:/gm)) {
    all.add(name!);
    if (optional === undefined) required.add(name!);
  }
  return { all, required };
}
