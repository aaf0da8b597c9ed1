import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

type Params = Readonly<Record<string, unknown>>;
type Result = Record<string, never>;

const START_MS = 60_000;
const ANSWER_MS = 60_000;
const WAIT_MS = 15_000;
const FLAGS = [
  '--headless=new',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--remote-debugging-port=0',
  // Its sandbox does not start as root.
  '--no-sandbox',
];

/** A page in a real Chromium, driven over the DevTools protocol. */
export interface Tab {
  /** Loads an address, and waits for it. */
  goto(url: string): Promise<void>;
  /** Value of an expression in the page; promises are awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  /** Presses a key: `Tab`, `Enter`, `/`… */
  press(key: string): Promise<void>;
  type(text: string): Promise<void>;
  /** Emulates what visitors set: colours, width, no JavaScript. */
  set(options: { scheme?: 'light' | 'dark'; width?: number; javaScript?: boolean }): Promise<void>;
  /** What the browser complained about: console, exceptions, violations of the policy. */
  readonly complaints: string[];
  /** Addresses of all requests */
  readonly requests: string[];
}

/** Starts Chromium; undefined, with the reason printed, where there is none. */
export async function openTab(t: TestContext): Promise<Tab | undefined> {
  const program = findChromium();
  if (program === undefined) {
    t.diagnostic('skipped: no chromium here');
    return undefined;
  }
  // Not tempDir: it must be removed after the browser has ended.
  const profile = mkdtempSync(join(tmpdir(), 'pkgcompose-test-'));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    env: { ...process.env, HOME: profile },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => ended(child, profile));
  const socket = new WebSocket(await endpoint(child));
  await once(socket, 'open');
  t.after(() => socket.close());
  return tabOf(socket);
}

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path));
}

async function endpoint(child: ChildProcess): Promise<string> {
  let text = '';
  const found = Promise.withResolvers<string>();
  child.stderr?.on('data', (bytes) => {
    text += bytes;
    const [, address] = /DevTools listening on (ws:\/\/\S+)/.exec(text) ?? [];
    if (address !== undefined) found.resolve(address);
  });
  child.once('exit', () => found.reject(new Error(`chromium ended: ${text}`)));
  return within(START_MS, 'start of chromium', found.promise);
}

/** Rejects if something takes too long: a browser that hangs must not hang the tests. */
async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what}: not within ${ms} ms`)), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

async function ended(child: ChildProcess, profile: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  // Its children may still be writing.
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

const KEYS: Readonly<Record<string, Params>> = {
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
  ArrowDown: { code: 'ArrowDown', windowsVirtualKeyCode: 40 },
  ArrowUp: { code: 'ArrowUp', windowsVirtualKeyCode: 38 },
};

async function tabOf(socket: WebSocket): Promise<Tab> {
  let last = 0;
  const waiting = new Map<number, PromiseWithResolvers<Result>>();
  const listeners = new Map<string, (params: never) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(String(data));
    if (id === undefined) listeners.get(method)?.(params as never);
    else if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error.message));
  });
  const call = (method: string, params: Params, sessionId?: string): Promise<Result> => {
    const answer = Promise.withResolvers<Result>();
    waiting.set(++last, answer);
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    return within(ANSWER_MS, method, answer.promise);
  };
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params: Params = {}) => call(method, params, sessionId);

  const complaints: string[] = [];
  const requests: string[] = [];
  listeners.set('Log.entryAdded', ({ entry }: { entry: { source: string; text: string } }) => {
    complaints.push(`${entry.source}: ${entry.text}`);
  });
  listeners.set('Runtime.consoleAPICalled', (params) =>
    complaints.push(`console: ${JSON.stringify(params)}`),
  );
  listeners.set('Runtime.exceptionThrown', (params) =>
    complaints.push(`exception: ${JSON.stringify(params)}`),
  );
  listeners.set('Network.requestWillBeSent', ({ request }: { request: { url: string } }) => {
    requests.push(request.url);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);

  const tab: Tab = {
    complaints,
    requests,
    async goto(url) {
      const loaded = Promise.withResolvers<void>();
      listeners.set('Page.loadEventFired', () => loaded.resolve());
      await send('Page.navigate', { url });
      await within(ANSWER_MS, url, loaded.promise);
    },
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = (await send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      })) as unknown as { result: { value: T }; exceptionDetails?: unknown };
      if (exceptionDetails !== undefined)
        throw new Error(`${expression.slice(0, 200)}: ${JSON.stringify(exceptionDetails)}`);
      return result.value;
    },
    async until(expression) {
      for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(30)) {
        // The page may be going away.
        if (await tab.evaluate<boolean>(`Boolean(${expression})`).catch(() => false)) return;
      }
      throw new Error(`never true: ${expression}`);
    },
    async press(key) {
      const params = { key, ...(KEYS[key] ?? { text: key }) };
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...params });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...params });
    },
    async type(text) {
      for (const letter of text) await tab.press(letter);
    },
    async set({ scheme, width, javaScript }) {
      if (scheme !== undefined)
        await send('Emulation.setEmulatedMedia', {
          features: [{ name: 'prefers-color-scheme', value: scheme }],
        });
      if (width !== undefined)
        await send('Emulation.setDeviceMetricsOverride', {
          width,
          height: 900,
          deviceScaleFactor: 1,
          mobile: width < 500,
        });
      if (javaScript !== undefined)
        await send('Emulation.setScriptExecutionDisabled', { value: !javaScript });
    },
  };
  return tab;
}
