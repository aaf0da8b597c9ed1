import type { MultiBar, SingleBar } from 'cli-progress';
import type { Progress, ProgressTask } from '../model/progress.ts';
import { formatSize, labelled, printable } from './render/format.ts';

/** Options of showing progress. */
export interface ProgressOptions {
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  /** Shows nothing, not even notes */
  readonly quiet: boolean;
  /** False: shows notes only */
  readonly drawing: boolean;
}

/** Progress that is shown on standard error. */
export interface DrawnProgress extends Progress {
  /** Writes a labelled line to standard error, above the bars; nothing with `quiet`. */
  message(label: string, text: string): void;
  /** Removes the bars. Nothing is drawn afterwards. */
  close(): void;
}

/** A bar for a shorter task would only flicker. */
const BAR_AFTER_MS = 150;
/** A shorter task is not worth a line in a log. */
const LINE_AFTER_MS = 1000;
/** Number of lines that the log of one command should have at most. */
const MAX_LINES = 100;
/** Number of bars that fit on a terminal of 24 lines beside other text. */
const MAX_BARS = 8;
const LABEL_WIDTH = 32;

interface Task {
  readonly label: string;
  readonly total: number | undefined;
  readonly unit: 'bytes' | 'items';
  readonly startedAt: number;
  amount: number;
}

function amountText(task: Pick<Task, 'unit'>, amount: number): string {
  return task.unit === 'bytes' ? formatSize(amount) : String(amount);
}

/** Shows notes on standard error as they come, and nothing else. */
function notesOnly({ stderr, quiet }: ProgressOptions): DrawnProgress {
  const message = (label: string, text: string) => {
    if (!quiet) stderr.write(`${labelled(label, text)}\n`);
  };
  return {
    task: () => ({ advance() {}, done() {} }),
    note: (text) => message('note', text),
    message,
    close() {},
  };
}

/** Shows a line at the start and the end of each task of more than a second. */
function lineProgress(options: ProgressOptions): DrawnProgress {
  const plain = notesOnly(options);
  const timers = new Set<NodeJS.Timeout>();
  let lines = 0;
  const line = (text: string) => {
    lines += 1;
    if (lines > MAX_LINES) return;
    options.stderr.write(`${printable(text)}\n`);
    if (lines === MAX_LINES) options.stderr.write('… further progress is not shown\n');
  };
  return {
    task(label, total, unit) {
      const task: Task = { label, total, unit, startedAt: performance.now(), amount: 0 };
      const announce = () => line(`${label}${total === undefined ? '' : ` (${amountText(task, total)})`}…`);
      const timer = setTimeout(announce, LINE_AFTER_MS).unref();
      timers.add(timer);
      let ended = false;
      return {
        advance(amount) {
          task.amount += amount;
        },
        done() {
          clearTimeout(timer);
          timers.delete(timer);
          const tookMs = performance.now() - task.startedAt;
          if (ended || tookMs < LINE_AFTER_MS) return;
          ended = true;
          line(`${label}: ${amountText(task, task.amount)} in ${(tookMs / 1000).toFixed(1)} s`);
        },
      };
    },
    note: plain.note,
    message: plain.message,
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** Shows bars on a terminal for longer tasks; cli-progress is loaded with the first of them. */
function barProgress(options: ProgressOptions): DrawnProgress {
  const { stderr } = options;
  const live = new Map<Task, { readonly timer: NodeJS.Timeout; bar: SingleBar | undefined }>();
  let bars: MultiBar | undefined;
  let closed = false;
  const message = (label: string, text: string): void => {
    const line = `${labelled(label, text)}\n`;
    if (bars === undefined || closed) stderr.write(line);
    else bars.log(line);
  };
  const start = async (task: Task): Promise<void> => {
    const { MultiBar } = (await import('cli-progress')).default;
    const entry = live.get(task);
    const drawn = [...live.values()].filter(({ bar }) => bar !== undefined).length;
    if (closed || entry === undefined || drawn >= MAX_BARS) return;
    bars ??= new MultiBar({
      stream: stderr as NodeJS.WritableStream,
      clearOnComplete: true,
      hideCursor: true,
      emptyOnZero: true,
      fps: 10,
      gracefulExit: false,
      format: (_options, params, payload: { task: Task }) =>
        barText(payload.task, params.progress, stderr.columns),
    });
    entry.bar = bars.create(task.total ?? 0, task.amount, { task });
  };
  return {
    task(label, total, unit): ProgressTask {
      const task: Task = { label, total, unit, startedAt: performance.now(), amount: 0 };
      const draw = () => void start(task).catch(() => undefined);
      live.set(task, { timer: setTimeout(draw, BAR_AFTER_MS).unref(), bar: undefined });
      return {
        advance(amount) {
          task.amount += amount;
          live.get(task)?.bar?.update(task.amount);
        },
        done() {
          const entry = live.get(task);
          if (entry === undefined) return;
          live.delete(task);
          clearTimeout(entry.timer);
          if (entry.bar !== undefined) bars?.remove(entry.bar);
        },
      };
    },
    note: (text) => message('note', text),
    message,
    close() {
      closed = true;
      for (const { timer } of live.values()) clearTimeout(timer);
      live.clear();
      bars?.stop();
    },
  };
}

const BAR_WIDTH = 24;

/** Draws one bar, cut to `columns`; if the total is not known, only the amount done. @param share done of the total, 0 to 1 */
export function barText(
  task: Pick<Task, 'label' | 'total' | 'unit' | 'amount'>,
  share: number,
  columns = 80,
): string {
  const label = printable(task.label).slice(0, LABEL_WIDTH).padEnd(LABEL_WIDTH);
  const done = amountText(task, task.amount);
  if (task.total === undefined || task.total <= 0) return `${label} ${done}`.slice(0, columns - 1);
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  return `${label} ${bar} ${done} of ${amountText(task, task.total)}`.slice(0, columns - 1);
}

/** Chooses how progress is shown: as bars on a terminal, otherwise as lines; only notes if not `drawing`, nothing with `quiet`. */
export function createProgress(options: ProgressOptions): DrawnProgress {
  if (!options.drawing || options.quiet) return notesOnly(options);
  return options.stderr.isTTY === true ? barProgress(options) : lineProgress(options);
}
