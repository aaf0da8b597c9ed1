import { AppError } from '../model/app-error.ts';

/** AppError SIGNATURE: a file has no signature, where an entry in a signed index may still vouch for it. */
export class UnsignedError extends AppError {
  constructor(message: string, context: { readonly hint: string; readonly details?: object }) {
    super('SIGNATURE', message, { hint: context.hint, details: { ...context.details, status: 'unsigned' } });
  }
}
