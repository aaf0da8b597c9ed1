import { setFlagsFromString } from 'node:v8';

/** The largest that V8 takes: a budget of some hundreds of responses. Its own, 13,000,000, is spent after two. */
const TIERING_BUDGET = 2 ** 31 - 1;

/**
 * Puts off V8's optimisation of undici's parser, which is WebAssembly, for the process: it takes 50 ms of a second core, and the
 * process does not end before it. Unoptimised, 5,000 responses take no longer to read. Has to be called before the first request.
 */
export function keepParserSimple(): void {
  setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`);
}
