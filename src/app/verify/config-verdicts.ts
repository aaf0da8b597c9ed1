import type { Distro } from '../../distros/distro.ts';
import type { ConfigVerdict } from '../../model/verify-report.ts';
import type { ImageConfig } from '../../output/image-json.ts';
import { configSettings } from './diff-config.ts';

/** Reports the settings of a config, which no signature covers, and whether they are just what compose writes by default. */
export function judgeConfig(config: ImageConfig, distro: Distro | undefined): ConfigVerdict {
  const settings = configSettings(config);
  return { asComposed: distro !== undefined && isAsComposed(settings, distro), settings };
}

function isAsComposed(settings: ConfigVerdict['settings'], { install }: Distro): boolean {
  const { 'Env PATH': path, Cmd: command, ...more } = settings;
  if (path !== install.environment.path || Object.keys(more).length > 0) return false;
  return (
    command === undefined || install.environment.shells.some((shell) => command === JSON.stringify([shell]))
  );
}
