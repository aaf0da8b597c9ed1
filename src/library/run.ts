import { systemError } from '../files/system-error.ts';
import { silentProgress } from '../model/progress.ts';
import type { UseCase } from '../use-cases.ts';
import type { RunOptions } from './requests.ts';

/** Reads the request and runs the use case. @throws AppError; anything else is a bug */
export async function run<Request, Report>(
  useCase: UseCase<Request, Report>,
  options: RunOptions = {},
  request: () => Request,
): Promise<Report> {
  const { cacheDirectory, env = process.env, progress = silentProgress } = options;
  const { signal = new AbortController().signal } = options;
  try {
    return await useCase({ cacheDirectory, env, progress, signal }, request());
  } catch (error) {
    throw systemError(error);
  }
}
