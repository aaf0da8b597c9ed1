import { duration, memory, type Part, processorTime, ROUNDS } from './workbench.ts';

const HEAD = `# Results

Made by \`npm run bench -- --record\`; medians of ${ROUNDS} or more, alternating. [README.md](README.md) says what each row is. CPU is the
processor time of all processes of a command, user and system. Each part says when, from which commit and on which machine it was recorded.
`;

/** Text of results.md in which the parts take the place of what it has under the same titles, or follow it. */
export function resultsWith(parts: readonly Part[], stamp: string, old: string): string {
  const sections = new Map<string, string>();
  for (const section of old.split(/^(?=## )/m).slice(1)) {
    sections.set(section.slice(3, section.indexOf('\n')), section.trimEnd());
  }
  for (const part of parts) {
    const texts = [
      `## ${part.title}`,
      stamp,
      ...(part.rows.length === 0 ? [] : [table(part)]),
      ...part.texts,
    ];
    sections.set(part.title, texts.join('\n\n'));
  }
  return [HEAD.trimEnd(), ...sections.values()].join('\n\n').concat('\n');
}

function table({ rows }: Part): string {
  return markdownTable(
    ['what', 'time', 'CPU', 'peak memory', 'target', 'holds'],
    rows.map((row) => [
      ...[row.what, duration(row.seconds), processorTime(row), memory(row.peakMiB)],
      ...[row.target, row.holds ? 'yes' : 'NO'],
    ]),
  );
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
