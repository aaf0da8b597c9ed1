import { rename } from 'node:fs/promises';
import { download, whileDownloading } from '../../src/fetch/http.ts';

/**
 * A process that downloads: URL, path, expected size, and optionally where the file is moved after a pause, as the
 * store does once it has checked it. Prints `done` or the error's code and message.
 */
const [url = '', path = '', size = '', target = '', pauseMs = '0'] = process.argv.slice(2);
try {
  await whileDownloading(path, {}, async () => {
    await download([url], path, { maxBytes: 1 << 30, expectedSizeBytes: Number(size), backoffMs: 1 });
    if (target === '') return;
    await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
    await rename(path, target);
  });
  process.stdout.write('done\n');
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code} ${(error as Error).message}\n`);
  process.exitCode = 1;
}
