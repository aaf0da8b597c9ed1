import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface MemoryRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Makes images like that of tag 1, until the repository has so many */
  fill(repository: string, count: number): Promise<void>;
  stop(): void;
}

/** Starts a registry that keeps all in memory: it takes as many images as nobody would push one by one. */
export async function startMemoryRegistry(): Promise<MemoryRegistry> {
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=8192', join(import.meta.dirname, 'registry-main.ts')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the registry has ended');
    return value;
  };
  return {
    host: await next(),
    async fill(repository, count) {
      child.stdin.write(`${repository} ${count}\n`);
      await next();
    },
    stop: () => child.kill(),
  };
}
