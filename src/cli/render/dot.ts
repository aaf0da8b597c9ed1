import type { GraphReport, SetEdge, SetPackage } from '../../model/relation-report.ts';
import { required } from '../../model/required.ts';
import { formatSize, printable } from './format.ts';

/**
 * Quotes a DOT string. In labels Graphviz reads backslash escapes and HTML entities, so both are escaped. In IDs it only
 * unescapes the quote, which does no harm: equal texts still name the same node.
 */
function quoted(lines: readonly string[]): string {
  const plain = (text: string) =>
    printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
  return `"${lines.map(plain).join('\\n')}"`;
}

function nodeLine(entry: SetPackage): string {
  const label = quoted([entry.name, entry.version, formatSize(entry.installedSizeBytes)]);
  const mark = entry.reason === 'explicit' ? ', style=filled' : '';
  return `  ${quoted([entry.name])} [label=${label}${mark}];`;
}

function edgeLine(edges: readonly SetEdge[], labels: boolean): string {
  const { from, to, kind } = required(edges, 0);
  const attributes = [
    ...(labels ? [`label=${quoted(edges.map(({ relation }) => relation))}`] : []),
    ...(kind === 'install_if' ? ['style=dashed'] : []),
  ];
  const list = attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
  return `  ${quoted([from])} -> ${quoted([to])}${list};`;
}

/** Renders a graph in the DOT language (graphviz.org/doc/info/lang.html): targets are filled, edges of install_if dashed. */
export function renderDot(graph: GraphReport, { labels }: { readonly labels: boolean }): string {
  const merged = Map.groupBy(graph.edges, ({ from, to, kind }) => JSON.stringify([from, to, kind]));
  return [
    'digraph packages {',
    '  rankdir=LR;',
    '  node [shape=box];',
    ...graph.packages.map(nodeLine),
    ...[...merged.values()].map((edges) => edgeLine(edges, labels)),
    '}',
    '',
  ].join('\n');
}
