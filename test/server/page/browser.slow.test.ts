import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import { openTab, type Tab } from './browser.ts';
import { type Site, startSite } from './site.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page of each kind. */
const PAGES = [
  '/',
  '/?q=greet',
  '/?q=greet&bag=greet+evil',
  '/?q=greeet',
  '/package?name=greet',
  '/package?name=evil',
  '/package?name=cmd:greet',
  '/package?name=nothing',
  '/package/files?name=greet',
  '/image',
  '/image?bag=greet-extra+evil',
  '/image?bag=broken',
  '/nowhere',
];

/** Answers of 400 and 404 are pages too; the browser says so. */
const EXPECTED = /^network: Failed to load resource: the server responded with a status of 40[04]/;

async function start(t: TestContext): Promise<{ readonly site: Site; readonly tab: Tab } | undefined> {
  const tab = await openTab(t);
  if (tab === undefined) {
    t.skip('skipped: no chromium here');
    return undefined;
  }
  return { site: await startSite(t), tab };
}

/** Nothing was loaded from elsewhere, and the browser has nothing to say. */
function assertQuiet({ site, tab }: { site: Site; tab: Tab }): void {
  assert.deepEqual(
    tab.complaints.filter((text) => !EXPECTED.test(text)),
    [],
  );
  assert.deepEqual(
    tab.requests.filter((url) => !url.startsWith(site.url) && url !== 'about:blank'),
    [],
  );
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function violations(tab: Tab): Promise<readonly Violation[]> {
  await tab.evaluate(AXE);
  return tab.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) => violations)`);
}

test('axe and the browser see what is wrong', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  await tab.goto(`${site.url}/`);
  await tab.evaluate(
    `document.querySelector('main').innerHTML = '<img src="/x"><p style="color: #999">dim</p>'`,
  );
  assert.ok((await violations(tab)).some(({ id }) => id === 'image-alt'));
  await tab.evaluate(
    `document.head.append(Object.assign(document.createElement('script'), { text: 'alert(1)' }))`,
  );
  assert.ok(
    tab.complaints.some((text) => /violates the following Content Security Policy.*style/.test(text)),
  );
  assert.ok(
    tab.complaints.some((text) => /violates the following Content Security Policy.*script/.test(text)),
  );
});

test('axe finds nothing on any page, in light and dark, wide and narrow', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      await tab.set({ scheme, width });
      for (const path of PAGES) {
        await tab.goto(`${site.url}${path}`);
        const found = await violations(tab);
        const told = found.map(
          ({ id, impact, nodes }) =>
            `${id} (${impact}): ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`,
        );
        assert.deepEqual(told, [], `${path}, ${scheme}, ${width} px`);
      }
    }
  }
  assertQuiet(started);
});

test('no page is wider than the window, from 320 to 1600 pixels', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  for (const width of [320, 360, 768, 1600]) {
    await tab.set({ width });
    for (const path of PAGES) {
      await tab.goto(`${site.url}${path}`);
      const wide = await tab.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `${path}: ${wide} of ${width} px`);
    }
  }
});

test('results come while typing, and keys walk through them', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  await tab.goto(`${site.url}/`);
  await tab.press('/');
  await tab.type('gree');
  await tab.until(`document.querySelector('#said').textContent.startsWith('3 packages match “gree”')`);
  assert.match(await tab.evaluate('location.search'), /q=gree/);
  const focus = (): Promise<string> =>
    tab.evaluate('document.activeElement.textContent || document.activeElement.id');
  const walk: string[] = [];
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowUp', 'ArrowDown', 'Escape', 'ArrowDown']) {
    await tab.press(key);
    walk.push(await focus());
  }
  assert.deepEqual(walk, ['greet', 'greet-extra', 'greet', 'q', 'greet', 'q', 'greet']);
  await tab.press('Enter');
  await tab.until(`document.querySelector('h1')?.textContent.startsWith('greet 1.0')`);
  assertQuiet(started);
});

test('the first key leads past the frame of the page, the next ones through it in order', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  await tab.goto(`${site.url}/?q=greet&bag=evil`);
  const order: string[] = [];
  for (let count = 0; count < 8; count++) {
    await tab.press('Tab');
    order.push(await tab.evaluate('document.activeElement.innerText || document.activeElement.name'));
  }
  const words = order.map((text) => text.replace(/\s+/g, ' ').trim());
  assert.deepEqual(words.slice(0, 2), ['Skip to content', 'pkgcompose']);
  assert.match(words.slice(2).join(' | '), /^. \| Bag 1[^|]*\| q \| [^|]*\| Search \| greet$/);
  await tab.goto(`${site.url}/?q=greet`);
  await tab.press('Tab');
  await tab.press('Enter');
  assert.equal(await tab.evaluate('document.activeElement.id'), 'main');
});

test('adding to the bag keeps the place in the list', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  await tab.goto(`${site.url}/?q=greet`);
  await tab.evaluate(`document.querySelectorAll('#results .button')[1].focus()`);
  await tab.press('Enter');
  await tab.until(`document.querySelector('#bag').textContent.includes('1')`);
  assert.match(await tab.evaluate('document.activeElement.textContent'), /^Remove greet-extra/);
  assert.match(await tab.evaluate('location.search'), /bag=greet-extra/);
  assert.match(await tab.evaluate('document.querySelector("#said").textContent'), /Bag 1 package/);
  await tab.press('/');
  await tab.evaluate(`document.querySelector('#q').value = ''`);
  await tab.type('evil');
  await tab.until(`document.querySelectorAll('#results .name a').length === 1`);
  assert.match(await tab.evaluate('location.search'), /bag=greet-extra/);
  assertQuiet(started);
});

test('the switch between light and dark is kept, and follows the system until then', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  const background = (): Promise<string> =>
    tab.evaluate('getComputedStyle(document.documentElement).backgroundColor');
  await tab.set({ scheme: 'dark' });
  await tab.goto(`${site.url}/`);
  const dark = await background();
  await tab.set({ scheme: 'light' });
  const light = await background();
  assert.notEqual(dark, light);
  for (const theme of ['light', 'dark']) {
    await tab.evaluate(`document.querySelector('#theme').click()`);
    assert.equal(await tab.evaluate('document.querySelector("#theme").title'), `Theme: ${theme}`);
  }
  assert.equal(await background(), dark);
  await tab.goto(`${site.url}/image`);
  assert.equal(await background(), dark);
  assertQuiet(started);
});

test('everything works without JavaScript: search, bag, plan', async (t) => {
  const started = await start(t);
  if (started === undefined) return;
  const { site, tab } = started;
  await tab.set({ javaScript: false });
  await tab.goto(`${site.url}/`);
  assert.equal(await tab.evaluate('document.querySelector("#theme").hidden'), true);
  await tab.evaluate('document.querySelector("#q").focus()');
  await tab.type('greet');
  await tab.press('Enter');
  await tab.until(`document.querySelectorAll('#results .name a').length === 3`);
  const follow = async (selector: string): Promise<void> => {
    await tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await tab.press('Enter');
  };
  await follow('#results .button[href*="bag=greet-extra"]');
  await tab.until(`document.querySelector('#bag')?.textContent.includes('1')`);
  await follow('#bag a');
  await tab.until(`document.querySelectorAll('tbody tr').length === 4`);
  await tab.evaluate(`document.querySelector('#base').value = 'none'`);
  await follow('form[action="/image"] button');
  await tab.until(`document.querySelectorAll('tbody tr').length === 3`);
  assert.match(await tab.evaluate('document.querySelector("pre").textContent'), /^docker pull/);
  assertQuiet(started);
});
