/** A rectangle in the units of the area. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides an area into rectangles as large as the values are, as square as they can be (Bruls, Huizing, van Wijk: Squarified
 * treemaps, 2000).
 * @param values positive, largest first
 */
export function treemap(
  values: readonly number[],
  area: Pick<Rectangle, 'width' | 'height'>,
): readonly Rectangle[] {
  const rectangles: Rectangle[] = [];
  const total = values.reduce((sum, value) => sum + value, 0);
  const scale = (area.width * area.height) / total;
  let free: Rectangle = { x: 0, y: 0, ...area };
  for (let first = 0; first < values.length; ) {
    const side = Math.min(free.width, free.height);
    let last = first + 1;
    let best = worstRatio(values.slice(first, last), scale, side);
    while (last < values.length) {
      const ratio = worstRatio(values.slice(first, last + 1), scale, side);
      if (ratio > best) break;
      best = ratio;
      last += 1;
    }
    const row = values.slice(first, last).map((value) => value * scale);
    for (const rectangle of layRow(row, free)) rectangles.push(rectangle);
    free = rest(row, free);
    first = last;
  }
  return rectangles;
}

/** Ratio of the sides of the least square rectangle, if the values are a row along `side` */
function worstRatio(values: readonly number[], scale: number, side: number): number {
  const sum = values.reduce((total, value) => total + value * scale, 0);
  return values.reduce((worst, value) => {
    const size = value * scale;
    return Math.max(worst, (side * side * size) / (sum * sum), (sum * sum) / (side * side * size));
  }, 0);
}

function layRow(sizes: readonly number[], { x, y, width, height }: Rectangle): readonly Rectangle[] {
  const sum = sizes.reduce((total, size) => total + size, 0);
  let offset = 0;
  return sizes.map((size) => {
    const share = size / sum;
    const start = offset;
    offset += share;
    return width >= height
      ? { x, y: y + start * height, width: sum / height, height: share * height }
      : { x: x + start * width, y, width: share * width, height: sum / width };
  });
}

function rest(sizes: readonly number[], { x, y, width, height }: Rectangle): Rectangle {
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (width >= height) {
    const used = Math.min(width, sum / height);
    return { x: x + used, y, width: width - used, height };
  }
  const used = Math.min(height, sum / width);
  return { x, y: y + used, width, height: height - used };
}
