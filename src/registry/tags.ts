import type { Repository, Tag } from '../model/reference.ts';
import type { RegistrySession } from './session.ts';

/** All tags, sorted, each once. @throws AppError NOT_FOUND, LIMIT */
export async function listTags(_session: RegistrySession, _repository: Repository): Promise<readonly Tag[]> {
  throw new Error('being written');
}
