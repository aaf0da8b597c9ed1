import { AppError } from '../../model/app-error.ts';
import { required } from '../../model/required.ts';
import type { Origin } from '../content.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { readAssets } from './assets.ts';
import { tarSender } from './download.ts';
import { packageFacts, searchFor, type Work } from './facts.ts';
import type { Html } from './html.ts';
import { repositoryOf } from './image-name.ts';
import { type KnownImages, plannedLayers } from './layers.ts';
import { type Problem, problemOf } from './problem.ts';
import { dockerfileText, recipeText } from './recipe.ts';
import { type Form, formFor, sendAsset, sendJson, sendPage, sendText } from './send.ts';
import { addressOf, welcomeText } from './text.ts';
import { errorPage, titleOf } from './views/error.ts';
import { filesPage } from './views/files.ts';
import { bagPage, imagePage } from './views/image.ts';
import { layout } from './views/layout.ts';
import { packagePage } from './views/package.ts';
import { problemPanel } from './views/parts.ts';
import { searchPage } from './views/search.ts';
import { hrefOf, type Offer, readVisit, type Visit } from './visit.ts';

/** What the page is made of. */
export interface PageOptions extends Offer {
  readonly work: Work;
  /** Undefined: none are known */
  readonly known?: KnownImages | undefined;
  /** Composes images for their names */
  readonly images: Origin;
  /** By which clients reach the server; default: the one that they say */
  readonly url?: string | undefined;
  /** Of the product */
  readonly version: string;
}

/** Serves the pages. */
export interface Pages extends Service {
  /** Shows what a service throws as a page, to browsers; the registry's own errors stay what they are. */
  withErrorPages(service: Service): Service;
}

/** Packages of the example on the start page, which every distribution has */
const EXAMPLE = ['gcc', 'make'];

/**
 * Serves pages for people: search, packages, and the image of a bag of packages. Programs get the same as JSON. Everything that
 * a visitor chooses is in the address; only GET and HEAD are served.
 */
export function pageService(options: PageOptions): Pages {
  const { choices, work, version } = options;
  const assets = readAssets();
  const sendTar = tarSender(options.images);
  const byPath = new Map(Object.values(assets).map((asset) => [asset.path, asset]));
  const start = readVisit(new URLSearchParams(), options);

  function page(
    exchange: Exchange,
    visit: Visit,
    { status = 200, title, main }: { status?: number; title: string; main: Html },
  ) {
    sendPage(exchange, status, layout({ assets, choices, version, visit }, title, main));
  }

  /** The name that the image of the bag is pulled by */
  function named(exchange: Exchange, visit: Visit): string | undefined {
    const { host } = addressOf(exchange, options.url);
    const name = repositoryOf(visit, host);
    return name === undefined ? undefined : `${host}/${name}`;
  }

  const routes: Readonly<Record<string, (exchange: Exchange, visit: Visit, form: Form) => Promise<void>>> = {
    async '/'(exchange, visit, form) {
      const example = named(exchange, { ...visit, bag: EXAMPLE, base: undefined });
      const pull = example === undefined ? undefined : `docker pull ${example}`;
      const report = visit.query === '' ? undefined : await searchFor(work, visit, exchange);
      if (form === 'html') {
        const title =
          report === undefined
            ? 'Compose container images from packages'
            : `${visit.query} · ${visit.choice.id}`;
        page(exchange, visit, { title, main: searchPage(visit, report, pull) });
      } else if (report !== undefined) sendJson(exchange, report);
      else if (form === 'json') {
        const offered = choices.map(({ id, distro, release, architecture, platform }) => ({
          id,
          distro,
          release,
          architecture,
          platform,
        }));
        sendJson(exchange, { name: 'pkgcompose', version, example: pull, choices: offered });
      } else sendText(exchange, welcomeText({ version, choices, pull, ...addressOf(exchange, options.url) }));
    },

    async '/package'(exchange, visit, form) {
      if (visit.name === '')
        throw new HttpError(400, 'BAD_REQUEST', 'name: expected the name of a package, got none');
      const { entry, facts } = await packageFacts(work, visit, { choices, asker: exchange });
      if (form === 'html')
        page(exchange, visit, {
          title: `${entry.name} ${entry.version}`,
          main: packagePage(visit, entry, facts),
        });
      else sendJson(exchange, facts);
    },

    async '/package/files'(exchange, visit, form) {
      const { choice, name } = visit;
      if (name === '')
        throw new HttpError(400, 'BAD_REQUEST', 'name: expected the name of a package, got none');
      const request = { source: choice.source, packages: [name], details: form !== 'html' };
      const report = required(await work.run('files', request, exchange), 0);
      if (form === 'html')
        page(exchange, visit, { title: `Files of ${report.name}`, main: filesPage(visit, report) });
      else sendJson(exchange, report);
    },

    async '/image'(exchange, visit, form) {
      const { choice, bag, base = visit.defaultBase } = visit;
      if (bag.length === 0 && form === 'html') {
        page(exchange, visit, { title: 'Your bag', main: bagPage(visit) });
        return;
      }
      const plan = await work.run('plan', { source: choice.source, packages: bag, base }, exchange);
      const isShown = (repository: string) => exchange.identity.may('pull', repository);
      const layers = plannedLayers(plan, options.known, isShown);
      const name = named(exchange, visit);
      if (form === 'html')
        page(exchange, visit, {
          title: bag.join(', '),
          main: imagePage(visit, { plan, layers, name }),
        });
      else sendJson(exchange, { name, plan, layers });
    },

    async '/image/recipe.yaml'(exchange, visit) {
      expectBag(visit);
      sendText(exchange, recipeText(visit), 'recipe.yaml');
    },

    async '/image/Dockerfile'(exchange, visit) {
      expectBag(visit);
      const name = named(exchange, visit);
      if (name === undefined) throw nameless();
      sendText(exchange, dockerfileText(name, visit), 'Dockerfile');
    },

    async '/image/image.tar'(exchange, visit) {
      expectBag(visit);
      const { host } = addressOf(exchange, options.url);
      const name = repositoryOf(visit, host);
      if (name === undefined) throw nameless();
      await sendTar(exchange, { name, host, platform: visit.choice.platform });
    },
  };

  function showProblem(exchange: Exchange, visit: Visit, problem: Problem): void {
    const { status, headers, lines, advice } = problem;
    for (const [name, value] of Object.entries(headers)) exchange.response.setHeader(name, value);
    const isBag = exchange.path === '/image' && visit.bag.length > 0 && status < 500;
    const main = isBag
      ? bagPage(visit, problemPanel('This bag cannot be installed', lines, advice))
      : errorPage(status, lines, advice, hrefOf('/', visit));
    page(exchange, visit, { status, title: titleOf(status), main });
  }

  function failed(exchange: Exchange, error: unknown): void {
    const { response, signal, path, query } = exchange;
    const isRegistry = path === '/v2' || path.startsWith('/v2/');
    if (isRegistry || formFor(exchange) !== 'html' || response.headersSent || signal.aborted) throw error;
    let visit = start;
    try {
      visit = readVisit(query, options);
    } catch {
      // The error says what is wrong with the address.
    }
    showProblem(exchange, visit, problemOf(error, visit));
  }

  return {
    async handle(exchange) {
      const { method, path, query } = exchange;
      const asset = byPath.get(path);
      const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
      if (asset === undefined && route === undefined)
        throw new HttpError(404, 'NOT_FOUND', `nothing is served at ${path}`);
      if (method !== 'GET' && method !== 'HEAD')
        throw new HttpError(405, 'UNSUPPORTED', `${path} can only be read, with GET`, {
          headers: { allow: 'GET, HEAD' },
        });
      if (asset === undefined) await route?.(exchange, readVisit(query, options), formFor(exchange));
      else sendAsset(exchange, asset);
    },
    withErrorPages: (service) => ({
      handle(exchange) {
        try {
          return service.handle(exchange)?.catch((error: unknown) => failed(exchange, error));
        } catch (error) {
          return failed(exchange, error);
        }
      },
    }),
  };
}

function expectBag({ bag }: Visit): void {
  if (bag.length === 0) throw new AppError('USAGE', 'bag: expected the names of packages, got none');
}

function nameless(): HttpError {
  return new HttpError(404, 'NOT_FOUND', 'this image has no name to pull it by; compose it from its recipe');
}
