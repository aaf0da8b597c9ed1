import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Traffic {
  /** `HEAD /v2/team/app/manifests/1` */
  readonly requests: readonly string[];
  /** Of request bodies */
  readonly sentBytes: number;
  /** Of reply bodies */
  readonly receivedBytes: number;
  readonly connections: number;
}

export interface CountingProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** What came since the last call */
  take(): Promise<Traffic>;
  stop(): void;
}

/** A proxy before a plain registry, in a process of its own: a bench that waits for a command answers nobody. */
export async function startCountingProxy(url: string): Promise<CountingProxy> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'counting-proxy-main.ts'), url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the counting proxy has ended');
    return value;
  };
  return {
    host: await next(),
    async take() {
      child.stdin.write('\n');
      return JSON.parse(await next()) as Traffic;
    },
    stop: () => child.kill(),
  };
}
