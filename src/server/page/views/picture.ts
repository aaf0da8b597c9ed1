import { count, formatSize } from '../../../model/amounts.ts';
import { type Html, html } from '../html.ts';
import type { ImageLayer } from '../layers.ts';
import { type Rectangle, treemap } from '../treemap.ts';

/** A form of the picture: proportions that areas are laid out for, in pixels; the true width follows the page. */
interface Shape {
  readonly name: 'wide' | 'phone';
  readonly width: number;
  readonly height: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'wide', width: 1000, height: 320 },
  { name: 'phone', width: 330, height: 400 },
];
/** Sizes in pixels below which a label would not be read */
const LABEL = { width: 56, height: 20, heightWithSize: 38 };
/** A smaller area is not seen. */
const LEAST_SHARE = 0.0004;

/** Draws layers as areas as large as their bytes; the table below has the same in words. */
export function picture(layers: readonly ImageLayer[]): Html {
  const total = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const drawn = layers
    .filter(({ sizeBytes }) => sizeBytes > 0 && sizeBytes >= total * LEAST_SHARE)
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
  const text = description(layers, total);
  return html`<figure>${SHAPES.map((shape) => drawing(shape, drawn, text))}
<figcaption><ul class="legend">${legend(layers)}</ul></figcaption></figure>`;
}

function description(layers: readonly ImageLayer[], total: number): string {
  const shared = layers.filter(({ sharedWith }) => sharedWith.length > 0);
  const sharedBytes = shared.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sharing =
    shared.length === 0
      ? 'None is'
      : `${count(shared.length, 'layer')} of ${formatSize(sharedBytes)} ${shared.length === 1 ? 'is' : 'are'}`;
  return `${count(layers.length, 'layer')}, ${formatSize(total)} in all. ${sharing} shared with images that this server knows. The table below has them all.`;
}

function drawing(shape: Shape, drawn: readonly ImageLayer[], text: string): Html {
  const { name, height } = shape;
  const areas = treemap(
    drawn.map(({ sizeBytes }) => sizeBytes),
    shape,
  );
  return html`<svg class="picture ${name}" height="${height}" role="img" aria-labelledby="title-${name} text-${name}">
<title id="title-${name}">Layers by size</title><desc id="text-${name}">${text}</desc>
<defs><pattern id="stripes-${name}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="stripes" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>
${areas.map((area, index) => cell(drawn[index] as ImageLayer, area, shape))}
</svg>`;
}

function cell(layer: ImageLayer, { x, y, width, height }: Rectangle, shape: Shape): Html {
  const percent = (value: number, of: number) => `${((value / of) * 100).toFixed(3)}%`;
  const isLabelled = width >= LABEL.width && height >= LABEL.height;
  return html`<svg x="${percent(x, shape.width)}" y="${percent(y, shape.height)}" width="${percent(width, shape.width)}" height="${percent(height, shape.height)}"><title>${cellTitle(layer)}</title>${filled(layer, shape.name)}${
    isLabelled &&
    html`<text x="7" y="16">${layer.label}</text>${height >= LABEL.heightWithSize && html`<text class="size" x="7" y="31">${formatSize(layer.sizeBytes)}</text>`}`
  }</svg>`;
}

function filled(layer: ImageLayer, shape: Shape['name']): Html {
  return html`<rect class="${lookOf(layer)}" width="100%" height="100%"/>${
    layer.sharedWith.length > 0 && html`<rect width="100%" height="100%" fill="url(#stripes-${shape})"/>`
  }`;
}

function cellTitle({ packages, sizeBytes, sharedWith }: ImageLayer): string {
  const shared = sharedWith.length === 0 ? '' : `, in ${count(sharedWith.length, 'known image')}`;
  return `${packages.join(', ')}: ${formatSize(sizeBytes)}${shared}`;
}

function lookOf({ kind, sharedWith }: ImageLayer): keyof typeof LEGEND {
  return sharedWith.length > 0 ? 'shared' : kind === 'package' ? 'own' : 'made';
}

const LEGEND = {
  shared: 'shared with images that this server knows',
  own: 'the distribution’s archive, only here so far',
  made: 'made for this image',
};

/** Explains the looks that occur. */
function legend(layers: readonly ImageLayer[]): readonly Html[] {
  const samples = new Map(layers.map((layer) => [lookOf(layer), layer]));
  return Object.entries(LEGEND).flatMap(([look, text]) => {
    const sample = samples.get(look as keyof typeof LEGEND);
    if (sample === undefined) return [];
    return [
      html`<li>${SHAPES.map(({ name }) => html`<svg class="${name}" aria-hidden="true">${filled(sample, name)}</svg>`)}${text}</li>`,
    ];
  });
}
