/** Bits of what a request wants for packages; apk's APK_SOLVERF_*. */
export const UPGRADE = 1;
export const LATEST = 2;
export const AVAILABLE = 4;
export const REMOVE = 8;
