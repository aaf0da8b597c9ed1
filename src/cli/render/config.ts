type Line = readonly [name: string, text: string];
type Json = Readonly<Record<string, unknown>>;

/** The settings shown, by their names in OCI image-spec "Image Configuration": first what starts a container. */
const LISTS = { Entrypoint: 'entrypoint', Cmd: 'cmd', OnBuild: 'on build' } as const;
const TEXTS = { User: 'user', WorkingDir: 'workdir', StopSignal: 'stop signal' } as const;
const SETS = { ExposedPorts: 'ports', Volumes: 'volumes' } as const;

/** Renders what an image's config sets for its containers; settings that are not given are left out. */
export function configLines(configuration: unknown): readonly Line[] {
  const image = record(configuration);
  const config = record(image.config);
  const lines: Line[] = [];
  if (typeof image.created === 'string') lines.push(['created', image.created]);
  for (const [key, name] of Object.entries(LISTS)) {
    const words = config[key];
    if (Array.isArray(words) && words.length > 0) lines.push([name, JSON.stringify(words)]);
  }
  for (const [key, name] of Object.entries(TEXTS)) {
    const text = config[key];
    if (typeof text === 'string' && text !== '') lines.push([name, text]);
  }
  for (const [key, name] of Object.entries(SETS)) {
    const names = Object.keys(record(config[key]));
    if (names.length > 0) lines.push([name, names.join(' ')]);
  }
  for (const variable of Array.isArray(config.Env) ? config.Env : []) lines.push(['env', String(variable)]);
  for (const [key, text] of Object.entries(record(config.Labels))) lines.push(['label', `${key}=${text}`]);
  return lines;
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
