/**
 * What somebody may do with a repository, or with what is served at a path. `compose`: have an image made that has not been made
 * yet; `admin`: see what the server itself is doing.
 */
export const ACTIONS = ['pull', 'push', 'delete', 'compose', 'admin'] as const;
/** One of ACTIONS. */
export type Action = (typeof ACTIONS)[number];
