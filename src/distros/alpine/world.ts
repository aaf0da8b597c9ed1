import { parseRelation, type Relation, relationText } from './relation.ts';
import { compareDisplay } from './solver/names.ts';

/** `etc/apk/world`: the last word on each name, in the order of the names. */
export function worldText(targets: readonly string[]): string {
  const byName = new Map<string, Relation>();
  for (const target of targets) {
    const relation = parseRelation(target);
    if (relation !== null) byName.set(relation.name, relation);
  }
  const relations = [...byName.values()].sort((a, b) => compareDisplay(a.name, b.name));
  return `${relations.map(relationText).join('\n')}\n`;
}
