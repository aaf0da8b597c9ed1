import type { ContextOptions } from '../../app/context.ts';
import { openAccess } from '../access/access.ts';
import type { AccessOptions } from '../access/options.ts';
import type { Service } from '../http/exchange.ts';

/** Options of what stands before the services. */
export interface FrontOptions {
  /** Address by which clients reach the server; default: the one that they say */
  readonly url?: string | undefined;
  /** Who may do what; default: everybody everything */
  readonly access?: AccessOptions | undefined;
}

/** What every request passes before a service answers it. */
export interface Front {
  around(service: Service): Service;
  close(): void;
}

/** Opens what the options name. @throws AppError USAGE if a file that they name cannot be read */
export async function openFront(
  { progress }: Pick<ContextOptions, 'progress'>,
  { access: options, url }: FrontOptions,
): Promise<Front> {
  const site = { url, isSecure: () => false };
  const report = (message: string) => progress.note(message);
  const access = options === undefined ? undefined : await openAccess(options, site, report);
  return {
    around: (service) => access?.guard(service) ?? service,
    close: () => access?.close(),
  };
}
