// What the page does better with JavaScript: results while typing, keys, a switch between light and dark, and buttons that copy.
// Everything else works without it. Hand-written and served as it is.

const THEMES = ['auto', 'light', 'dark'];
let theme = 'auto';
try {
  const stored = localStorage.getItem('theme');
  if (THEMES.includes(stored)) theme = stored;
} catch {
  // The visitor allows no storage.
}

function applyTheme() {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

// Before the page is painted.
applyTheme();

const SIGNS = { auto: '◐', light: '☀', dark: '☾' };

function showThemeSwitch() {
  const button = document.querySelector('#theme');
  const label = () => {
    button.textContent = SIGNS[theme];
    button.title = `Theme: ${theme}`;
    button.setAttribute('aria-label', button.title);
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    applyTheme();
    label();
    try {
      localStorage.setItem('theme', theme);
    } catch {
      // It holds for this page.
    }
  });
  label();
  button.hidden = false;
}

function showCopyButtons() {
  if (!navigator.clipboard) return;
  for (const code of document.querySelectorAll('.code')) {
    if (code.querySelector('button') !== null) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'small';
    const name = code.dataset.name ?? '';
    const label = (word) => {
      button.textContent = word;
      button.setAttribute('aria-label', `${word} ${name}`.trim());
    };
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code.querySelector('pre').textContent.trim());
      label('Copied');
      setTimeout(label, 2000, 'Copy');
    });
    label('Copy');
    code.append(button);
  }
}

/** Milliseconds without a key before the server is asked. */
const TYPING_MS = 80;
/** What changes with the search and the bag. */
const PARTS = ['#title', '#results', '#bag', '#kept'];

let asking;

/** Shows another address of the start page. The server writes it; only the parts that change are put in place. */
async function show(address) {
  asking?.abort();
  asking = new AbortController();
  const answer = await fetch(address, { headers: { accept: 'text/html' }, signal: asking.signal });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (page.querySelector('#results') === null) return location.assign(address);
  for (const part of PARTS)
    document.querySelector(part).replaceChildren(...page.querySelector(part).childNodes);
  document.title = page.title;
  showCopyButtons();
  history.replaceState(null, '', address);
}

/** Says something to those who do not see the page. */
function say(text) {
  document.querySelector('#said').textContent = text;
}

function searchWhileTyping(form, input) {
  let timer;
  const search = async () => {
    const address = new URL(form.action);
    for (const [key, value] of new FormData(form)) if (value !== '') address.searchParams.append(key, value);
    try {
      await show(address);
      say(document.querySelector('#status').textContent);
    } catch (error) {
      if (error.name !== 'AbortError') say('The server does not answer. Press Enter to try again.');
    }
  };
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, TYPING_MS);
  });
  form.addEventListener('submit', () => clearTimeout(timer));
}

/** Adds to the bag and removes from it without leaving the place in the list. */
function keepPlace() {
  const results = document.querySelector('#results');
  results.addEventListener('click', async (event) => {
    const link = event.target.closest('.button');
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = [...results.querySelectorAll('.button')].indexOf(link);
    try {
      await show(link.href);
      results.querySelectorAll('.button')[index]?.focus();
      say(document.querySelector('#bag').textContent);
    } catch {
      location.assign(link.href);
    }
  });
}

/** `/` goes to the search, arrows walk through the results, Escape goes back. */
function listenToKeys(input) {
  const results = () => [...document.querySelectorAll('#results .name a')];
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { activeElement } = document;
    const isTyping = activeElement.matches('input, select, textarea');
    const index = results().indexOf(activeElement);
    const move = (element) => {
      event.preventDefault();
      element?.focus();
      if (element === input) input.select();
    };
    if (event.key === '/' && !isTyping) move(input);
    else if (event.key === 'Escape' && index >= 0) move(input);
    else if (event.key === 'ArrowDown' && activeElement === input && results().length > 0) move(results()[0]);
    else if (event.key === 'ArrowDown' && index >= 0) move(results()[index + 1]);
    else if (event.key === 'ArrowUp' && index >= 0) move(index === 0 ? input : results()[index - 1]);
  });
}

function start() {
  const form = document.querySelector('.find form');
  const input = form.querySelector('input[type=search]');
  showThemeSwitch();
  showCopyButtons();
  listenToKeys(input);
  if (document.querySelector('#results') === null) return;
  searchWhileTyping(form, input);
  keepPlace();
}

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
else start();
