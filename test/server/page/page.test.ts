import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import type { SearchReport } from '../../../src/model/package-report.ts';
import { HttpError } from '../../../src/server/http/http-error.ts';
import { startSite } from './site.ts';

/** Texts of the elements that a pattern finds, without markup. */
function texts(page: string, pattern: RegExp): readonly string[] {
  return [...page.matchAll(pattern)].map(([, text = '']) => text.replace(/<[^>]*>/g, '').trim());
}

test('the start page offers a search, the distributions, and a line that pulls', async (t) => {
  const site = await startSite(t);
  const page = await site.html('/');
  assert.match(page, /<input id="q" name="q" type="search"/);
  assert.deepEqual(texts(page, /<option [^>]*>([^<]*)/g), ['alpine v3.19, x86_64', 'alpine v3.18, x86_64']);
  assert.match(page, /docker pull 127\.0\.0\.1:\d+\/alpine\/v3\.19\/gcc\/make/);
});

test('a search finds by name, description and provided name, and keeps the bag', async (t) => {
  const site = await startSite(t);
  const found = async (q: string) =>
    texts(await site.html(`/?q=${q}&bag=evil`), /<div class="name">(.*?)<\/div>/g);
  assert.deepEqual(await found('gree'), ['greet', 'greet-extra', 'libgreet']);
  assert.deepEqual(await found('hello'), ['greet']);
  assert.deepEqual(await found('cmd:greet'), ['greet']);
  const page = await site.html('/?q=greet&bag=evil');
  assert.match(page, /href="\/\?q=greet&#38;in=alpine\/v3\.19\/x86_64&#38;bag=evil\+greet"/);
  assert.match(page, /<input type="hidden" name="bag" value="evil">/);
  assert.match(await site.html('/?q=greeet'), /Did you mean <a [^>]*q=greet[^>]*>greet<\/a>/);
});

test('a package shows its versions, dependencies, dependents, licence and key', async (t) => {
  const site = await startSite(t);
  const page = await site.html('/package?name=greet');
  assert.match(page, /<h1>greet <span class="version">1\.0-r0/);
  assert.match(page, /<dt>Licence<\/dt><dd>MIT/);
  assert.match(page, /<dt>Homepage<\/dt><dd><a href="https:\/\/greet\.example\/" rel="noopener/);
  assert.match(page, /<dt>Index signed by<\/dt><dd><span class="mono">test-1\.rsa\.pub/);
  assert.match(page, /<th scope="row" class="mono">so:libgreet\.so\.1<\/th><td><a [^>]*>libgreet<\/a>/);
  assert.match(page, /Needed by<\/h2><p>1 package<\/p>/);
  const rows = texts(page, /<tr><th scope="row">(.*?)<\/tr>/g);
  assert.ok(
    rows.some((row) => row.includes('v3.18') && row.includes('1.0-r0')),
    rows.join('\n'),
  );
  const extra = await site.html('/package?name=greet-extra');
  assert.match(extra, /v3\.18<\/a><\/th><td>x86_64<\/td><td colspan="3" class="quiet">not there/);
  assert.doesNotMatch(page, /\/tmp\//);
});

test('a name that packages provide leads to them', async (t) => {
  const site = await startSite(t);
  assert.match(
    await site.html('/package?name=cmd:greet'),
    /No package is called cmd:greet<\/h2><p>It is provided by/,
  );
});

test('the files of a package are listed', async (t) => {
  const site = await startSite(t);
  assert.match(await site.html('/package/files?name=greet'), /<li>usr\/share\/greet<\/li>/);
});

test('the bag becomes a plan, a picture, and lines to leave with', async (t) => {
  const site = await startSite(t, { known: { imagesWith: () => ['alpine/hello'] } });
  // Its digest is known when it has been read.
  await site.html('/package/files?name=libgreet');
  const page = await site.html('/image?bag=greet-extra&base=none');
  assert.deepEqual(texts(page, /<tr><th scope="row">(.*?)<\/th>/g).toSorted(), [
    'greet',
    'greet-extra',
    'libgreet',
  ]);
  assert.match(
    page,
    /docker pull --platform linux\/amd64 127\.0\.0\.1:\d+\/bare\/alpine\/v3\.19\/greet-extra/,
  );
  assert.match(page, /FROM 127\.0\.0\.1:\d+\/bare\/alpine\/v3\.19\/greet-extra/);
  assert.match(
    page,
    /<title id="title-wide">Layers by size<\/title><desc id="text-wide">3 layers, [^<]* 1 layer of [^<]* is shared/,
  );
  assert.match(page, /<span class="mono images">alpine\/hello<\/span>/);
  const recipe = await site.get('/image/recipe.yaml?bag=greet-extra&base=none');
  assert.equal(recipe.headers.get('content-disposition'), 'attachment; filename="recipe.yaml"');
  assert.equal(
    await recipe.text(),
    'distro: alpine\nrelease: v3.19\narch: x86_64\nbase: none\npackages:\n  - greet-extra\n',
  );
});

test('a bag that cannot be installed says why, and stays', async (t) => {
  const site = await startSite(t);
  const answer = await site.get('/image?bag=broken+greet');
  const page = await answer.text();
  assert.equal(answer.status, 404);
  assert.match(page, /This bag cannot be installed/);
  assert.match(page, /libnowhere/);
  assert.match(
    await site.html('/image?bag=gret'),
    /This bag cannot be installed[^?]*Did you mean <a [^>]*name=greet/,
  );
  assert.match(page, /Remove broken/);
  assert.match(await site.html('/image'), /Your bag is empty/);
});

test('what a package says of itself is never markup', async (t) => {
  const site = await startSite(t);
  for (const path of ['/?q=evil', '/package?name=evil', '/image?bag=evil']) {
    const page = await site.html(path);
    assert.equal(page.match(/<script/g)?.length, 1, path);
    assert.doesNotMatch(page, /<img src=x|javascript:alert\(3\)"|\u202e/, path);
  }
  for (const path of [
    '/?q=%3Cscript%3E',
    '/package?name=%3Cscript%3E',
    '/image?bag=%3Cscript%3E',
    '/%3Cscript%3E',
  ])
    assert.equal((await site.html(path)).match(/<script/g)?.length, 1, path);
});

test('every answer forbids what the page does not need', async (t) => {
  const site = await startSite(t);
  for (const path of ['/', '/?q=greet', '/nowhere', '/package?name=unknown', '/image']) {
    const { headers } = await site.get(path);
    const policy = headers.get('content-security-policy') ?? '';
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
    ])
      assert.ok(policy.includes(rule), `${path}: ${policy}`);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('set-cookie'), null);
  }
  for (const path of ['/', '/?q=greet', '/package?name=greet', '/image?bag=greet'])
    assert.doesNotMatch(await site.html(path), /\sstyle=|\son\w+=|<style/, path);
});

test('an error is a page in the same look, with what to do', async (t) => {
  const site = await startSite(t);
  const page = async (path: string, status: number, ...patterns: readonly RegExp[]) => {
    const answer = await site.get(path);
    const text = await answer.text();
    assert.equal(answer.status, status, path);
    for (const pattern of [/<main id="main"/, ...patterns]) assert.match(text, pattern);
  };
  await page('/nowhere', 404, /nothing is served at \/nowhere/, /To the search/);
  await page('/package?name=gret', 404, /Did you mean <a [^>]*name=greet[^>]*>greet/);
  await page('/?in=alpine/v1/x86_64', 404, /expected one of alpine\/v3\.19\/x86_64/);
  await page('/package', 400, /expected the name of a package/);
  await page(`/?q=${'a'.repeat(201)}`, 400, /at most 200 characters/);
  await page(
    `/image?bag=${Array.from({ length: 65 }, (_, index) => `p${index}`).join('+')}`,
    400,
    /at most 64/,
  );
  await page('/image?base=all', 400, /minimal, system, none/);
  await page('/image/recipe.yaml', 400, /expected the names of packages/);
});

test('a program gets JSON or text, and errors as a registry has them', async (t) => {
  const site = await startSite(t);
  const text = await (await site.get('/', '*/*')).text();
  assert.match(text, /^pkgcompose 1\.2\.3: a registry that composes/);
  assert.match(text, /docker pull 127\.0\.0\.1:\d+\/alpine\/v3\.19\/gcc\/make/);
  assert.match((await site.get('/', '*/*')).headers.get('content-type') ?? '', /^text\/plain/);
  const json = async (path: string) => (await site.get(path, 'application/json')).json();
  assert.deepEqual(
    ((await json('/')) as { choices: { id: string }[] }).choices.map(({ id }) => id),
    ['alpine/v3.19/x86_64', 'alpine/v3.18/x86_64'],
  );
  const report = (await json('/?q=greet')) as SearchReport;
  assert.deepEqual([report.total, report.packages[0]?.name], [3, 'greet']);
  assert.equal(((await json('/package?name=greet')) as { depends: unknown[] }).depends.length, 1);
  assert.match(((await json('/image?bag=greet')) as { name: string }).name, /\/alpine\/v3\.19\/greet$/);
  const refused = await site.get('/package?name=nothing', 'application/json');
  const { errors } = (await refused.json()) as { errors: { code: string }[] };
  assert.deepEqual([refused.status, errors[0]?.code], [404, 'NAME_UNKNOWN']);
});

test('pages and their files are not sent again to those who have them', async (t) => {
  const site = await startSite(t);
  const page = await site.html('/');
  const assets = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  assert.equal(new Set(assets).size, 3);
  for (const path of ['/', ...assets]) {
    const first = await site.get(path);
    assert.equal(first.status, 200, path);
    const again = await site.get(path, 'text/html', { 'if-none-match': first.headers.get('etag') ?? '' });
    assert.deepEqual([again.status, await again.text()], [304, ''], path);
  }
  assert.match((await site.get(assets[0] ?? '')).headers.get('cache-control') ?? '', /immutable/);
  assert.match((await site.get('/')).headers.get('cache-control') ?? '', /no-cache/);
  assert.equal((await site.get('/')).headers.get('vary'), 'Accept');
});

test('nothing but reading is possible', async (t) => {
  const site = await startSite(t);
  const answer = await fetch(site.url, { method: 'POST', headers: { accept: 'text/html' }, body: 'x' });
  assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD']);
  const head = await fetch(`${site.url}/?q=greet`, { method: 'HEAD', headers: { accept: 'text/html' } });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('a name of the server that is none is not repeated', async (t) => {
  const site = await startSite(t);
  const page = await new Promise<string>((resolve, reject) => {
    const asking = request(
      site.url,
      { headers: { host: 'evil.example/"><b>', accept: 'text/html' } },
      async (answer) => {
        resolve((await answer.toArray()).join(''));
      },
    );
    asking.on('error', reject).end();
  });
  assert.match(page, /docker pull localhost\/alpine/);
});

test('a bag that no name says leaves with its recipe', async (t) => {
  // Names of images have 255 characters with their server's.
  const site = await startSite(t, { url: `https://${'long.'.repeat(50)}example/` });
  const page = await site.html('/image?bag=greet&base=none');
  assert.match(page, /compose build recipe\.yaml/);
  assert.doesNotMatch(page, /docker pull/);
  assert.equal((await site.get('/image/Dockerfile?bag=greet')).status, 404);
  assert.equal((await site.get('/image/image.tar?bag=greet')).status, 404);
});

test('what other services refuse is a page for browsers too, except for the registry', async (t) => {
  const refuse = () => {
    throw new HttpError(401, 'UNAUTHORIZED', 'log in first', {
      headers: { 'www-authenticate': 'Basic realm="x"' },
    });
  };
  const site = await startSite(t, {}, (pages) => ({
    handle: (exchange) => (exchange.path === '/' ? refuse() : pages.handle(exchange)?.then(refuse, refuse)),
  }));
  for (const path of ['/', '/nowhere', '/mirror/alpine']) {
    const answer = await site.get(path);
    assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Basic realm="x"'], path);
    assert.match(await answer.text(), /You need to log in[\s\S]*log in first/);
  }
  for (const [path, accept] of [
    ['/v2/', 'text/html'],
    ['/', '*/*'],
  ] as const) {
    const { errors } = (await (await site.get(path, accept)).json()) as { errors: { code: string }[] };
    assert.equal(errors[0]?.code, 'UNAUTHORIZED');
  }
});
