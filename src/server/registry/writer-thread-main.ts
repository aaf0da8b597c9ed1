import { closeSync, fsyncSync, openSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openRegistryDatabase, registryError, registryPath } from '../../catalog/registry-database.ts';
import { type BlobFiles, RegistryWrites } from '../../catalog/registry-writes.ts';
import { AppError } from '../../model/app-error.ts';
import { FileBlobStore } from '../../store/blob-store.ts';
import type { WriteMessage, WriteReply } from './writer-thread.ts';

/** The thread of WriterThread. */
if (parentPort !== null) serve(parentPort, workerData as string);

function serve(port: NonNullable<typeof parentPort>, directory: string): void {
  const path = registryPath(directory);
  const store = new FileBlobStore(directory);
  const database = openRegistryDatabase(path);
  let namesChanged = false;
  const files: BlobFiles = {
    has: (stored, sizeBytes) => store.has(stored, sizeBytes),
    install(from, stored) {
      store.install(from, stored);
      namesChanged = true;
    },
  };
  const writes = new RegistryWrites(database, files);
  const one = database.transaction(({ name, request }: WriteMessage) => writes[name](request as never));
  const all = database.transaction((messages: readonly WriteMessage[]) => {
    const replies = messages.map((message): WriteReply => {
      try {
        return { id: message.id, result: one(message) };
      } catch (error) {
        if (!database.inTransaction) throw error;
        return { id: message.id, error: errorOf(error, path) };
      }
    });
    // The name of a blob has to be on disk before anybody is told that it is stored.
    if (namesChanged) flushFolder(store.blobsDirectory);
    namesChanged = false;
    return replies;
  });

  port.on('message', (first: WriteMessage) => {
    const messages = [first];
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      messages.push(next.message as WriteMessage);
    port.postMessage(settled(messages));
  });

  function settled(messages: readonly WriteMessage[]): readonly WriteReply[] {
    try {
      return all.immediate(messages);
    } catch (error) {
      return messages.map(({ id }) => ({ id, error: errorOf(error, path) }));
    }
  }
}

function flushFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function errorOf(thrown: unknown, path: string): NonNullable<WriteReply['error']> {
  const error = registryError(thrown, path);
  const { hint } = error as Partial<AppError>;
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof AppError ? error.code : undefined, message, ...(hint ? { hint } : {}) };
}
