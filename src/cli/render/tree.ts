import type { GraphReport, SetEdge } from '../../model/relation-report.ts';
import { MAX_DEPTH } from '../args/query-options.ts';
import { count, formatSize, labelled, printable } from './format.ts';

interface Strokes {
  readonly branch: string;
  readonly last: string;
  readonly through: string;
  readonly blank: string;
}

const BOX: Strokes = { branch: '├── ', last: '└── ', through: '│   ', blank: '    ' };
const ASCII: Strokes = { branch: '|-- ', last: '`-- ', through: '|   ', blank: '    ' };

/**
 * Chooses the lines of trees: box-drawing characters if the locale's encoding has them, by the first of LC_ALL, LC_CTYPE and LANG
 * that is set (POSIX).
 */
export function strokesOf(env: NodeJS.ProcessEnv): Strokes {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return /utf-?8/i.test(locale) ? BOX : ASCII;
}

/** One line below its parent: all relations that lead to the same package for the same reason. */
interface Child {
  readonly to: string;
  readonly via: string;
}

function childrenOf(edges: readonly SetEdge[] = []): readonly Child[] {
  const groups = Map.groupBy(edges, ({ to, kind }) => `${kind} ${to}`);
  return [...groups.values()].map(([first, ...more]) => ({
    to: (first as SetEdge).to,
    via: relationText(first as SetEdge, more),
  }));
}

/** Renders the relation that leads to a package, ` (so:libx.so.1)`; empty if it is just the package's name. */
export function relationText(edge: SetEdge, more: readonly SetEdge[] = []): string {
  const relations = [edge, ...more].map(({ relation }) => relation).filter((text) => text !== edge.to);
  if (relations.length === 0) return '';
  return ` (${edge.kind === 'install_if' ? 'install_if ' : ''}${relations.join(', ')})`;
}

/** A package whose children are being drawn. */
interface Frame {
  readonly children: readonly Child[];
  readonly prefix: string;
  next: number;
}

/**
 * Renders every package once with its dependencies; where it comes again it is marked `(*)`, so cycles end. Dependencies that
 * `depth` cut are drawn if the package comes again nearer to the root.
 */
export function renderTree(
  graph: GraphReport,
  { depth, env }: { readonly depth: number; readonly env: NodeJS.ProcessEnv },
): string {
  const strokes = strokesOf(env);
  const byName = new Map(graph.packages.map((entry) => [entry.name, entry]));
  const edges = Map.groupBy(graph.edges, ({ from }) => from);
  const most = Math.min(depth, MAX_DEPTH);
  const shownAt = new Map<string, number>();
  const lines: string[] = [];
  let repeated = false;
  let cut = false;

  const stack: Frame[] = [];
  const enter = ({ to, via }: Child, lead: string, prefix: string): void => {
    const version = byName.get(to)?.version ?? '';
    const children = childrenOf(edges.get(to));
    const level = stack.length;
    const isRepeated = children.length > 0 && (shownAt.get(to) ?? Number.POSITIVE_INFINITY) <= level;
    repeated ||= isRepeated;
    lines.push(printable(`${lead}${to}-${version}${via}${isRepeated ? ' (*)' : ''}`));
    if (isRepeated || children.length === 0) return;
    if (level >= most) {
      cut ||= depth > MAX_DEPTH;
      return;
    }
    shownAt.set(to, depth === Number.POSITIVE_INFINITY ? 0 : level);
    stack.push({ children, prefix, next: 0 });
  };

  for (const root of graph.roots) {
    enter({ to: root, via: '' }, '', '');
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const child = frame.children[frame.next];
      frame.next += 1;
      if (child === undefined) stack.pop();
      else {
        const isLast = frame.next === frame.children.length;
        enter(
          child,
          `${frame.prefix}${isLast ? strokes.last : strokes.branch}`,
          `${frame.prefix}${isLast ? strokes.blank : strokes.through}`,
        );
      }
    }
  }
  const installed = graph.packages.reduce((sum, entry) => sum + entry.installedSizeBytes, 0);
  const within = depth === Number.POSITIVE_INFINITY ? '' : ` within ${count(depth, 'level')}`;
  const notes = [
    '',
    `${count(graph.packages.length, 'package')}${within}, ${formatSize(installed)} installed`,
    ...(repeated ? ['(*) its dependencies are shown above'] : []),
    ...(cut ? [`levels below ${MAX_DEPTH} are omitted; use --json to see them`] : []),
    ...graph.warnings.map((warning) => labelled('warning', warning)),
  ];
  return `${[...lines, ...notes].join('\n')}\n`;
}
