import { setFlagsFromString } from 'node:v8';

/** More files than almost every package has: of so many, each is held for a moment. */
export const MANY_FILES = 16_384;

/**
 * Stops the growth of V8's young generations for the rest of the process: where hundreds of thousands of objects, or
 * buffers of many MiB, live only shortly, they would become up to 128 MiB large, and filled with garbage. Node.js cannot be told so on its command line.
 */
export function limitYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
