import { parsePlatform, platformText } from '../../model/platform.ts';
import { valued } from './option.ts';

/** For commands that read images. The value is complete, `linux/arm64` for `arm64`; empty: not given. */
export const PLATFORM_OPTION = {
  platform: valued(
    {
      placeholder: 'OS/ARCH',
      group: 'Query',
      describe: 'Platform to choose from a multi-platform image: linux/arm64, windows/amd64',
    },
    (texts) => platformText(parsePlatform(texts.at(-1) ?? '')),
    '',
  ),
};
