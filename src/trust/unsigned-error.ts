import { AppError } from '../model/app-error.ts';

/** AppError SIGNATURE for a file without a signature, of which an entry in a signed index may still be evidence. */
export class UnsignedError extends AppError {
  constructor(message: string, context: { readonly hint: string; readonly details?: object }) {
    super('SIGNATURE', message, { hint: context.hint, details: { ...context.details, status: 'unsigned' } });
  }
}
