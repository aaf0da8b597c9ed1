import { parseRelation, type Relation, relationText } from './relation.ts';
import { compareDisplay } from './solver/names.ts';

/** Returns the text of `etc/apk/world`: a line per name, sorted; if several targets have one name, the last counts. */
export function worldText(targets: readonly string[]): string {
  const byName = new Map<string, Relation>();
  for (const target of targets) {
    const relation = parseRelation(target);
    if (relation !== null) byName.set(relation.name, relation);
  }
  const relations = [...byName.values()].sort((a, b) => compareDisplay(a.name, b.name));
  return `${relations.map(relationText).join('\n')}\n`;
}
