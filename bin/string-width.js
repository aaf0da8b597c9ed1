/**
 * In the bundle in place of the package string-width, which yargs lays help out with and which takes 30 ms to load
 * (Intl.Segmenter, emoji tables): our help has no wide characters.
 */
// biome-ignore lint/style/noDefaultExport: as the package
export default function stringWidth(text) {
  return text.length;
}
