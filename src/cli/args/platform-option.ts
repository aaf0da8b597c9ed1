import { parsePlatform, platformText } from '../../model/platform.ts';
import { valued } from './option.ts';

/** Option of commands that read images. The value is complete, `linux/arm64` for `arm64`, or empty if the option is absent. */
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
