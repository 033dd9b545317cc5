/** Makes the parts of the page and connects them. */

import { createActions, readLooks } from './actions.js';
import { createApi } from './api.js';
import { createDerived } from './derived.js';
import { el } from './dom.js';
import { createHover } from './hover.js';
import { createKeyboard } from './keyboard.js';
import { createLoader } from './loader.js';
import { createMarks } from './marks.js';
import { settle } from './select.js';
import { createStore } from './store.js';
import { readQuery, writeQuery } from './url.js';
import { createAbout } from './views/about.js';
import { createControls } from './views/controls.js';
import { createHeader } from './views/header.js';
import { createHelp } from './views/help.js';
import { createNotices } from './views/notices.js';
import { createPanel } from './views/panel.js';
import { createStage } from './views/stage.js';
import { titleWords } from './words.js';

/** @import { State } from './page.js' */
/** @import { ShownTheme } from './painting.js' */

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** @param {HTMLElement} root */
function start(root) {
  let isScheduled = false;
  const first = readQuery(location.search);
  const store = createStore({ ...first.choices, ...readLooks() });
  const api = createApi(document.baseURI);
  const { facts, update: load, retry } = createLoader(api, schedule);
  load(store.get()); // the questions travel while the views are made
  const notices = createNotices(document.body);
  const help = createHelp(document.body, { openAbout: () => about.open() });
  const about = createAbout(document.body, { openHelp: help.open });
  const marks = createMarks();
  const actions = createActions(store, facts, marks);
  const context = { api, store, facts, actions, derived: createDerived(facts), hover: createHover(), marks, notify: notices.say, retry };
  const app = el('div', { class: 'app' });
  root.append(app);
  const header = createHeader(app, { ...context, openHelp: help.open });
  const controls = createControls(app, { ...context, legend: () => stage.legend(), frame: () => stage.frame() });
  const stage = createStage(app, { ...context, theme: () => shownTheme(store.get()), drawn: markDrawn });
  const panel = createPanel(app, context);
  const views = [header, panel, stage, controls];
  createKeyboard({ ...context, openHelp: help.open, focusSearch });
  /** The controls may be folded away. */
  function focusSearch() {
    header.showControls();
    controls.focusSearch();
  }

  /** Many answers may come at once; the page follows once. */
  function schedule() {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      follow();
    });
  }

  function follow() {
    const { change, notices: words } = settle(store.get(), facts);
    words.forEach(notices.say);
    if (Object.keys(change).length > 0) return store.set(change, 'replace');
    const state = store.get();
    document.documentElement.dataset.theme = shownTheme(state);
    document.documentElement.dataset.palette = state.palette;
    document.title = titleOf(state);
    load(state);
    for (const view of views) view.update(state);
  }

  store.subscribe((state, previous, history) => {
    remember(state, history);
    if (state.dataset !== previous.dataset) marks.set(null); // the same numbers are other points there
    follow();
  });
  window.addEventListener('popstate', () => {
    const { choices } = readQuery(location.search);
    store.set(choices, 'none');
  });
  prefersDark.addEventListener('change', follow);
  marks.subscribe(follow);
  first.notices.forEach(notices.say);
  about.greet(location.search);
  follow();
}

/**
 * @param {State} state
 * @param {import('./page.js').HistoryMode} mode
 */
function remember(state, mode) {
  const address = `${location.pathname}${writeQuery(state)}${location.hash}`;
  if (mode === 'none' || address === `${location.pathname}${location.search}${location.hash}`) return;
  if (mode === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}

/** @param {State} state @returns {ShownTheme} */
function shownTheme({ theme }) {
  if (theme !== 'system') return theme;
  return prefersDark.matches ? 'dark' : 'light';
}

/** @param {State} state */
function titleOf({ dataset, at }) {
  const parts = [at && titleWords(at), dataset, 'AttentionViz'];
  return parts.filter(Boolean).join(' · ');
}

/** The first picture is a moment worth measuring. */
function markDrawn() {
  if (performance.getEntriesByName('first-map').length === 0) performance.mark('first-map');
}

start(document.body);
