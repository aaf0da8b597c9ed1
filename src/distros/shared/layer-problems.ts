/*
 * Values of ArchiveFacts.layerProblem for both families. Engines drop the rest of such a tar, refuse it, or read it differently
 * from each other or from the package manager (observed).
 */

export const EARLY_END = 'end-of-archive blocks before the last segment';
export const STRAY_ZERO_BLOCK = 'a stray zero block between entries';
export const DATA_AFTER_END = 'data after the end-of-archive blocks';
export const READ_OTHERWISE = 'entries that engines and the package manager read differently';
export const DOT_NAMES = 'names starting with ./, which the package manager does not install';
export const ROOT_FOLDER = 'an entry of the root folder, which the package manager ignores';
export const GLOBAL_HEADER = 'a global header before the files, which only engines apply to them';
export const OVER_ITS_OWN =
  'an entry that replaces, or lies below, another entry of the archive that is not a folder';
/** Engines fail at such a file, package managers only warn. */
export const REFUSED_XATTRS = 'extended attributes that Linux refuses';
