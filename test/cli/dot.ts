import assert from 'node:assert/strict';

/** What a graph in DOT says; labels as Graphviz would draw them. */
export interface Dot {
  readonly nodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
}

/** Graphviz' scanner: words, and quoted strings in which a backslash takes the next character with it. */
const TOKEN =
  /\s*(?:([A-Za-z_][A-Za-z_0-9]*|-?(?:\.\d+|\d+(?:\.\d*)?))|"((?:[^"\\]|\\.)*)"|(->|[{}[\]=,;]))/sy;

interface Token {
  readonly kind: 'id' | 'sign';
  readonly text: string;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    assert.ok(match !== null, `no DOT at ${JSON.stringify(text.slice(at, at + 40))}`);
    const [all, word, quoted, sign] = match;
    if (sign !== undefined) found.push({ kind: 'sign', text: sign });
    else found.push({ kind: 'id', text: word ?? (quoted as string).replaceAll('\\"', '"') });
    at += all.length;
  }
  return found;
}

/** An escString with entities, as labels are. */
function drawn(label: string): string {
  const unescaped = label.replace(/\\(.)/gs, (_, character) => (character === 'n' ? '\n' : character));
  return unescaped.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}

/** The part of the grammar (graphviz.org/doc/info/lang.html) that a directed graph of nodes and edges needs. */
export function parseDot(text: string): Dot {
  const rest = tokens(text).reverse();
  const nodes = new Map<string, Record<string, string>>();
  const edges: { from: string; to: string; attributes: Record<string, string> }[] = [];
  const next = (): Token => rest.pop() ?? assert.fail('DOT ends early');
  const isSign = (sign: string): boolean => rest.at(-1)?.kind === 'sign' && rest.at(-1)?.text === sign;
  const take = (sign: string): void => assert.equal(next().text, sign);
  const id = (): string => {
    const token = next();
    assert.equal(token.kind, 'id', token.text);
    return token.text;
  };
  const attributes = (): Record<string, string> => {
    const list: Record<string, string> = {};
    if (!isSign('[')) return list;
    take('[');
    while (!isSign(']')) {
      const name = id();
      take('=');
      list[name] = name === 'label' ? drawn(id()) : id();
      if (isSign(',')) take(',');
    }
    take(']');
    return list;
  };
  assert.equal(id(), 'digraph');
  if (!isSign('{')) id();
  take('{');
  while (!isSign('}')) {
    const first = id();
    if (isSign('=')) {
      take('=');
      id();
    } else if (isSign('->')) {
      take('->');
      const to = id();
      edges.push({ from: first, to, attributes: attributes() });
    } else if (first === 'node' || first === 'edge' || first === 'graph') attributes();
    else nodes.set(first, attributes());
    if (isSign(';')) take(';');
  }
  take('}');
  assert.equal(rest.length, 0, 'text behind the graph');
  return { nodes, edges };
}
