import type { Run } from './measure.ts';
import { markdownTable } from './results.ts';
import { addText, memory, processorTime } from './workbench.ts';

/** Growth per step from which a curve is called worse than linear: smaller steps are within what runs differ by. */
const WORSE_THAN_LINEAR = 1.15;
/** Below it, a run is start-up: growth says nothing. */
const MIN_SECONDS = 0.3;

/** One thing that is measured at growing sizes. */
export interface Curve {
  readonly what: string;
  /** Rising */
  readonly points: { readonly size: number; readonly run: Run }[];
}

export class Curves {
  readonly #unit: string;
  readonly #curves = new Map<string, Curve>();

  /** `unit`: of the sizes: `packages` */
  constructor(unit: string) {
    this.#unit = unit;
  }

  add(what: string, size: number, run: Run): void {
    console.log(
      `     ${sizeText(size)} ${this.#unit}: ${what}: ${processorTime(run)} CPU, ${memory(run.peakMiB)}`,
    );
    const curve = this.#curves.get(what) ?? { what, points: [] };
    curve.points.push({ size, run });
    this.#curves.set(what, curve);
  }

  /** Adds the table of all to the part. */
  finish(): void {
    const curves = [...this.#curves.values()];
    const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ size }) => size)))].sort(
      (a, b) => a - b,
    );
    const rows = curves.map((curve) => [
      curve.what,
      ...sizes.map((size) => cell(curve.points.find((point) => point.size === size)?.run)),
      growth(curve),
    ]);
    addText(markdownTable([`${this.#unit}, CPU s / peak MiB`, ...sizes.map(sizeText), 'growth'], rows));
  }
}

function cell(run: Run | undefined): string {
  if (run === undefined) return '';
  return `${(run.cpuSeconds ?? Number.NaN).toFixed(2)} / ${run.peakMiB.toFixed(0)}`;
}

const sizeText = (size: number): string => size.toLocaleString('en');

/** `n^0.98, n^1.02`, a step each; `–` where start-up hides it */
export function growth({ points }: Curve): string {
  const exponents = points.slice(1).map(({ size, run }, at) => {
    const before = points[at] as Curve['points'][number];
    const [less, more] = [before.run.cpuSeconds ?? Number.NaN, run.cpuSeconds ?? Number.NaN];
    if (!(less >= MIN_SECONDS && more > 0)) return undefined;
    return Math.log(more / less) / Math.log(size / before.size);
  });
  const steps = exponents.map((one) => (one === undefined ? '–' : `n^${one.toFixed(2)}`)).join(', ');
  return exponents.some((one) => one !== undefined && one > WORSE_THAN_LINEAR) ? `**${steps}**` : steps;
}
