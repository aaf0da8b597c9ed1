import { setFlagsFromString } from 'node:v8';

/**
 * Stops the growth of V8's young generations for the rest of the process: where hundreds of thousands of objects live only shortly,
 * they would become 128 MiB large, and filled with garbage. Node.js cannot be told so on its command line.
 */
export function limitYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
