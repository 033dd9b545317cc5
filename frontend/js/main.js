/** Makes the parts of the page and connects them. */

import { createActions, readLooks } from './actions.js';
import { keepAddress, readAddress } from './address.js';
import { createApi } from './api.js';
import { createDerived } from './derived.js';
import { el } from './dom.js';
import { createHover } from './hover.js';
import { createKeyboard } from './keyboard.js';
import { createLoader } from './loader.js';
import { createMarks } from './marks.js';
import { createPairing } from './pairing.js';
import { settle } from './select.js';
import { createStore } from './store.js';
import { createUndo } from './undo.js';
import { createAbout } from './views/about.js';
import { createControls } from './views/controls.js';
import { createHeader } from './views/header.js';
import { createHelp } from './views/help.js';
import { createNotices } from './views/notices.js';
import { createPanel } from './views/panel.js';
import { createSequenceDialog } from './views/sequence_dialog.js';
import { createStage } from './views/stage.js';
import { titleWords } from './words.js';

/** @import { State } from './page.js' */
/** @import { ShownTheme } from './painting.js' */

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** @param {HTMLElement} root @param {typeof fetch | null} site what stands in for a server */
function start(root, site) {
  let isScheduled = false;
  const first = readAddress();
  const store = createStore({ ...readLooks(), ...first.choices });
  const api = createApi(document.baseURI, site ?? undefined, site !== null);
  const { facts, update: load, retry } = createLoader(api, schedule);
  load(store.get()); // the questions travel while the views are made
  const notices = createNotices(document.body);
  const help = createHelp(document.body, { openAbout: () => about.open() });
  const about = createAbout(document.body, { openHelp: help.open });
  const marks = createMarks(store, facts);
  const undo = createUndo(store); // it hears of a choice before what follows from it
  const actions = createActions(store, facts, marks);
  const context = { api, store, facts, actions, derived: createDerived(facts), hover: createHover(), marks, undo, pairing: createPairing(store, actions, notices.say), notify: notices.say, retry };
  const app = el('div', { class: 'app' });
  root.append(app);
  const header = createHeader(app, { ...context, openHelp: help.open });
  const table = createSequenceDialog(document.body, { ...context, showPanel: header.showPanel });
  const controls = createControls(app, { ...context, openTable: table.open, legend: () => stage.legend(), frame: () => stage.frame() });
  const stage = createStage(app, { ...context, theme: () => shownTheme(store.get()), drawn: markDrawn });
  const panel = createPanel(app, context);
  const views = [header, panel, stage, controls];
  createKeyboard({ ...context, openHelp: help.open, openMapOfHeads: stage.openMapOfHeads, openTable: table.open, focusSearch, walk: stage.walk });
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
    if (Object.keys(change).length > 0) return store.set(change, 'settle');
    const state = store.get();
    document.documentElement.dataset.theme = shownTheme(state);
    document.documentElement.dataset.palette = state.palette;
    document.title = titleOf(state);
    load(state);
    for (const view of views) view.update(state);
  }

  keepAddress(store, notices.say);
  store.subscribe(follow);
  context.pairing.subscribe(follow);
  prefersDark.addEventListener('change', follow);
  first.notices.forEach(notices.say);
  about.greet(location.search);
  follow();
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

/** An exported site says so in its page; its files and the browser answer then. */
const isSite = document.querySelector('meta[name="attentionviz"][content="site"]') !== null;
start(document.body, isSite ? (await import('./static/site.js')).createSite(document.baseURI) : null);
