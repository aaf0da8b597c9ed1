import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../docs/deploy.md');
const BLOCK = /^```\w+\n# (\S+)\n([\s\S]*?)^```$/gm;

/** Files that docs/deploy.md shows, by their names, which their first lines have. */
export function deployFiles(): ReadonlyMap<string, string> {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(BLOCK)];
  return new Map(blocks.map(([, name = '', text = '']) => [name, text]));
}

/** The server of the file for nginx, as a whole configuration with these values. */
export function nginxText(
  folder: string,
  values: {
    readonly cert: string;
    readonly key: string;
    readonly listen?: string;
    readonly upstream?: string;
  },
): string {
  const { cert, key, listen = '443', upstream = 'http://127.0.0.1:5000' } = values;
  const server = (deployFiles().get('nginx.conf') ?? '')
    .replace('/etc/nginx/tls/registry.pem', cert)
    .replace('/etc/nginx/tls/registry.key', key)
    .replace('listen 443 ssl', `listen ${listen} ssl`)
    .replace('http://127.0.0.1:5000', upstream);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${server}\n}\n`;
}
