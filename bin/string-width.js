/**
 * Replaces the package string-width in the bundle. yargs lays help out with it, and it takes 30 ms to load (Intl.Segmenter, emoji
 * tables); our help has no wide characters.
 */
// biome-ignore lint/style/noDefaultExport: as the package
export default function stringWidth(text) {
  return text.length;
}
