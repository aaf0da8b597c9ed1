import { BASE_MODES } from '../../app/settings/settings.ts';
import type { Visit } from './visit.ts';

/** Writes the recipe (docs/recipes.md) that composes the bag. */
export function recipeText(visit: Pick<Visit, 'choice' | 'bag' | 'base' | 'defaultBase'>): string {
  const { choice, bag, base = visit.defaultBase } = visit;
  const lines = [
    `distro: ${quoted(choice.distro)}`,
    `release: ${quoted(choice.release)}`,
    `arch: ${quoted(choice.architecture)}`,
    ...(base === undefined || base === BASE_MODES[0] ? [] : [`base: ${base}`]),
    'packages:',
    ...bag.map((name) => `  - ${quoted(name)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** YAML 1.2 reads every JSON string; words that cannot be anything else stay bare. */
function quoted(text: string): string {
  return /^[A-Za-z][A-Za-z0-9._+-]*$/.test(text) && !/^(?:y|yes|n|no|on|off|true|false|null)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** Writes a Dockerfile that starts from the image. */
export function dockerfileText(image: string, { choice }: Pick<Visit, 'choice'>): string {
  return `# Packages of ${choice.distro} ${choice.release} for ${choice.architecture}\nFROM ${image}\n`;
}
