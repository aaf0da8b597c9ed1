/** No person or program asks a longer query; it must not fill the memory. */
export const MAX_LINE_CHARS = 1_048_576;

/**
 * Yields the lines of UTF-8 text as they come, many at a time, without their line ends; the last one needs none. A line longer
 * than MAX_LINE_CHARS is cut to MAX_LINE_CHARS + 1 characters, by which it is recognised.
 */
export async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    parts[0] = cut(rest + parts[0]);
    rest = cut(parts.pop() ?? '');
    if (parts.length > 0) yield parts.map(finished);
  }
  rest = cut(rest + decoder.decode());
  if (rest !== '') yield [finished(rest)];
}

const cut = (line: string): string =>
  line.length > MAX_LINE_CHARS + 1 ? line.slice(0, MAX_LINE_CHARS + 1) : line;

const finished = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
