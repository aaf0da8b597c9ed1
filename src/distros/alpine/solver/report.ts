import { append } from '../../../model/lists.ts';
import type { BrokenPackage, Diagnosis, MissingName } from './diagnosis.ts';
import type { Model } from './model.ts';
import type { Term } from './requirements.ts';
import type { Provide } from './state.ts';
import { dependencyText, labelOf } from './terms.ts';

/** Line width of apk when it does not write to a terminal. */
const WIDTH = 50;

/** Returns the lines in which apk itself reports a failed solve. */
export function reportLines(diagnoses: readonly Diagnosis[], model: Model): readonly string[] {
  const lines = ['ERROR: unable to select packages:'];
  for (const diagnosis of diagnoses) {
    append(lines, diagnosis.kind === 'name' ? nameLines(diagnosis, model) : packageLines(diagnosis, model));
  }
  if (diagnoses.length === 0) lines.push('Huh? Error reporter did not find the broken constraints.');
  return lines;
}

/** Returns a requirement with its owner: `world[foo@edge>2]`, `git-2.43.0-r0[so:libz.so.1]`. */
function termText({ owner, dependency }: Term, model: Model): string {
  const tag =
    dependency.tag === 1 || !model.rules.sortsReport
      ? ''
      : `@${model.repositories.tags[31 - Math.clz32(dependency.tag)]}`;
  const text = dependencyText(dependency, model.rules);
  return owner === null ? `world[${text}${tag}]` : `${labelOf(owner)}[${text}]`;
}

/** Returns a provide as apk prints it: `name` or `name=version`. */
export function provideText({ name, version }: Provide): string {
  return version === '' ? name.text : `${name.text}=${version}`;
}

function nameLines({ name, providers, requiredBy }: MissingName, model: Model): readonly string[] {
  // The label stands alone if apk 2 has missed the requiring package.
  const required =
    requiredBy.length === 0
      ? ['    required by:']
      : group(
          'required by:',
          requiredBy.map((term) => termText(term, model)),
        );
  if (providers.length === 0) return [`  ${name.text} (no such package):`, ...required];
  return [
    `  ${name.text} (virtual):`,
    ...group('note:', "please select one of the 'provided by' packages explicitly".split(' ')),
    ...group('provided by:', providers),
    ...required,
  ];
}

function packageLines(broken: BrokenPackage, model: Model): readonly string[] {
  const { pkg, uninstallable, architecture, unreadable, unreadableProvides } = broken;
  const terms = (label: string, list: readonly Term[]): readonly string[] =>
    group(
      label,
      list.map((term) => termText(term, model)),
    );
  return [
    `  ${labelOf(pkg)}:`,
    ...group('error:', uninstallable ? ['uninstallable'] : []),
    ...group('arch:', architecture === '' ? [] : [architecture]),
    ...group(
      'depends:',
      unreadable.map((dependency) => dependencyText(dependency)),
    ),
    ...group('provides:', unreadableProvides.map(provideText)),
    ...group(
      'masked in:',
      broken.maskedIn.map((tag) => `@${tag}`),
    ),
    ...group(
      'conflicts:',
      broken.conflicts.map(({ other, provide }) =>
        provide === null ? labelOf(other) : `${labelOf(other)}[${provideText(provide)}]`,
      ),
    ),
    ...terms('breaks:', broken.breaks),
    ...terms('satisfies:', broken.satisfies),
  ];
}

/** Lines of a label and its words, wrapped and aligned to the first word. */
function group(label: string, words: readonly string[]): readonly string[] {
  if (words.length === 0) return [];
  const head = `    ${label}`;
  const lines: string[] = [];
  let line = head;
  for (const word of words) {
    if (line !== head && line.length + word.length + 1 >= WIDTH && line.trim() !== '') {
      lines.push(line);
      line = ' '.repeat(head.length);
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
