import type { Exchange, Service } from './exchange.ts';
import { HttpError } from './http-error.ts';

/** A file that was found or made is removed before it is opened, as by garbage collection. */
export class ContentGone extends HttpError {
  constructor(cause?: unknown) {
    const headers = { 'retry-after': '1' };
    super(503, 'UNAVAILABLE', 'the content was just removed from the cache', { headers, cause });
  }
}

/** More than garbage collection meets the same request. */
const MAX_TRIES = 4;

/** Lets a service answer again when the content that it found is gone: it finds another copy, or makes one. */
export function foundAgain(service: Service): Service {
  return {
    async handle(exchange: Exchange) {
      for (let tries = 1; ; tries++) {
        try {
          await service.handle(exchange);
          return;
        } catch (error) {
          if (!(error instanceof ContentGone) || tries === MAX_TRIES) throw error;
        }
      }
    },
  };
}
