/** Makes the parts of the page and connects them. */

import { createActions, readLooks } from './state/actions.js';
import { keepAddress, readAddress } from './state/history.js';
import { createApi } from './data/api.js';
import { createPaneStore } from './state/pane_state.js';
import { createConnection } from './data/connection.js';
import { createDerived } from './data/derived.js';
import { el, reloadBrokenImages } from './ui/dom.js';
import { createActivePane } from './state/active_pane.js';
import { createPrintSheet } from './figure/print.js';
import { createHover } from './state/hover.js';
import { createJobs } from './jobs/dialog.js';
import { createKeyboard } from './controls/keyboard.js';
import { createTokenRenumbering } from './user_sequences/token_renumbering.js';
import { connectUserSequences } from './user_sequences/connect.js';
import { createApiOverlay } from './user_sequences/api_overlay.js';
import { createLoader } from './data/loader.js';
import { createMarks } from './marked_points/marked_points.js';
import { createPairing } from './state/pairing.js';
import { createPanes } from './map/panes.js';
import { reconcile } from './state/selectors.js';
import { createSite } from './site/site.js';
import { createStore } from './state/store.js';
import { createUndo } from './state/undo.js';
import { signInAddress, takeToken, watchDoor } from './data/sign_in.js';
import { createAbout } from './dialogs/about.js';
import { createSignedOut } from './controls/account.js';
import { createConnectionBanner } from './controls/connection_banner.js';
import { createControls } from './controls/controls.js';
import { createDatasetDialog } from './dialogs/dataset_dialog.js';
import { createDrop } from './user_sequences/drop.js';
import { createHeader } from './controls/header.js';
import { createHeadTable } from './dialogs/head_table.js';
import { createHelp } from './dialogs/help.js';
import { createNotices } from './ui/notices.js';
import { createPanel } from './sequence/panel.js';
import { createSequenceDialog } from './dialogs/sequence_dialog.js';
import { createStage } from './map/stage.js';
import { formatTitle } from './ui/labels.js';

/** @import { State } from './page.js' */
/** @import { ShownTheme } from './color/point_style.js' */

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** @param {HTMLElement} root @param {boolean} isSite whether files stand in for a server */
function start(root, isSite) {
  const token = takeToken(); // before anything else: it must not stay in sight
  let isScheduled = false;
  let isNew = true;
  /** @type {ReturnType<typeof createPanes> | null} */
  let panes = null;
  const first = readAddress();
  const store = createStore({ ...readLooks(), ...first.choices });
  const signedOut = createSignedOut(document.body);
  /**
   * Whoever just came goes straight to the form; whoever has a view keeps it.
   *
   * @param {boolean} wasIn
   */
  const shut = (wasIn) => (wasIn ? signedOut.open() : location.replace(signInAddress(token)));
  const connection = createConnection(
    (...parts) => fetch(...parts),
    new URL('./', document.baseURI),
    (isLost) => (isLost ? banner.show(true) : comeBack()),
  );
  const banner = createConnectionBanner(document.body, connection.retry);
  const ask = isSite
    ? createSite(document.baseURI, connection.ask)
    : watchDoor(connection.ask, shut);
  const server = createApi(document.baseURI, ask, isSite);
  const session = isSite
    ? Promise.resolve(null)
    : server.session(new AbortController().signal).catch(() => null);
  const notices = createNotices(document.body);
  const moves = createTokenRenumbering();
  const live = connectUserSequences(server, {
    store,
    moves,
    schedule,
    notify: notices.say,
    forget: () => undo.forget(),
    select: (dataset, token) => activePane.selectIn(dataset, token),
  });
  const api = createApiOverlay(server, live);
  const {
    facts,
    update: load,
    retry,
  } = createLoader(api, schedule, () => panes?.facts() ?? null, undefined, live);
  load(store.get()); // the questions travel while the views are made
  const help = createHelp(document.body, { openAbout: () => about.open() });
  const about = createAbout(document.body, { openHelp: help.open });
  const own = createPaneStore(store, 'A', () => panes?.isLinked() ?? false);
  const marks = createMarks(own, facts);
  const undo = createUndo(store); // it hears of a choice before what follows from it
  const pairing = createPairing(
    { get: () => activePane.context.store.get() },
    { markPair: (pair) => activePane.context.actions.markPair(pair) },
    notices.say,
    () => activePane.context.facts.description.value?.manifest?.n_tokens ?? Infinity,
  );
  /** @type {import('./page.js').Context} */
  const context = {
    api,
    store: own,
    facts,
    actions: createActions(own, facts, marks),
    derived: createDerived(facts),
    hover: createHover(),
    marks,
    undo,
    pairing,
    own: live,
    notify: notices.say,
    retry,
    pane: () => (store.get().compare ? 'A' : null),
  };
  const activePane = createActivePane(context);
  const headTable = createHeadTable(document.body, activePane.context);
  const { open: openHeads } = headTable;
  const app = el('div', { class: 'app' });
  root.append(app);
  const jobs = createJobs(document.body, { ...activePane.context, ask });
  const datasets = createDatasetDialog(document.body, activePane.context);
  const header = createHeader(app, {
    ...activePane.context,
    openHelp: help.open,
    openDatasets: datasets.open,
    newDataset: jobs.button,
    openOwn,
    session,
  });
  const table = createSequenceDialog(document.body, {
    ...activePane.context,
    showPanel: header.showPanel,
  });
  const controls = createControls(app, {
    ...activePane.context,
    openTable: table.open,
    openHeads,
    legend: () => panes?.stage().legend() ?? null,
    frame: () => panes?.stage().frame() ?? null,
  });
  const area = el('main', { class: 'panes' });
  app.append(area);
  const theme = () => shownTheme(store.get());
  const stage = createStage(area, { ...context, openHeads, theme, drawn: markDrawn });
  const switchPane = () => activePane.bring(activePane.name() === 'A' ? 'B' : 'A');
  const drop = createDrop(area, { ...activePane.context, openOwn });
  const panel = createPanel(app, { ...activePane.context, switchPane });
  panes = createPanes(
    area,
    { choices: store, first: context, stage, theme, schedule, openHeads },
    activePane,
  );
  createPrintSheet(document.body, panes.shown);
  createKeyboard({
    ...activePane.context,
    openHelp: help.open,
    toggleMapOfHeads: () => panes?.stage().toggleMapOfHeads(),
    openTable: table.open,
    openDatasets: datasets.open,
    openHeads,
    openOwn,
    focusSearch,
    switchPane,
    walk: (step, isLeap) => panes?.stage().walk(step, isLeap),
  });
  /** The controls may be folded away. */
  function focusSearch() {
    header.showControls();
    controls.focusSearch();
  }

  function openOwn() {
    if (!live.limits) return;
    header.showControls();
    controls.focusOwn();
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
    const { change, notices: words } = reconcile(store.get(), facts, live.nTokens);
    words.forEach(notices.say);
    if (Object.keys(change).length > 0) return store.set(change, 'reconcile');
    if (panes?.reconcile(store.get())) return;
    const state = store.get();
    document.documentElement.dataset.theme = shownTheme(state);
    document.documentElement.dataset.palette = state.palette;
    document.title = titleOf(state);
    load(state);
    panes?.load(state);
    for (const view of [header, panel, jobs]) view.update(activePane.state());
    stage.update(state);
    panes?.update(state);
    controls.update(activePane.state());
    headTable.update(activePane.state());
    table.update();
    drop.update(activePane.state());
    datasets.update(activePane.state());
    if (isNew && facts.datasets.value) void greet();
  }

  /** A server that people share shows first what it has, unless the address says what is meant. */
  async function greet() {
    isNew = false;
    const found = await session;
    if (found?.has_sign_in && token) location.replace(signInAddress(token));
    else if (found?.has_sign_in && first.choices.dataset === null) datasets.greet();
  }

  /** A server that was away may have come back with other datasets. */
  function comeBack() {
    banner.show(false);
    reloadBrokenImages();
    if (facts.datasets.status !== 'loading') facts.datasets.again();
  }

  window.addEventListener('offline', connection.check);
  window.addEventListener('online', connection.retry);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) connection.retry();
  });
  keepAddress(store, notices.say, moves);
  store.subscribe(follow);
  context.pairing.subscribe(follow);
  prefersDark.addEventListener('change', follow);
  activePane.subscribe(follow);
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
function titleOf({ dataset, at, compare }) {
  /** @param {Pick<State, 'dataset' | 'at'>} pane */
  const words = (pane) =>
    [pane.at && formatTitle(pane.at), pane.dataset].filter(Boolean).join(' · ');
  return [words({ dataset, at }), compare && words(compare), 'AttentionViz']
    .filter(Boolean)
    .join(compare ? ' | ' : ' · ');
}

/** The first picture is a moment worth measuring. */
function markDrawn() {
  if (performance.getEntriesByName('first-map').length === 0) performance.mark('first-map');
}

/** An exported site says so in its page; its files and the browser answer then. */
const isSite = document.querySelector('meta[name="attentionviz"][content="site"]') !== null;
start(document.body, isSite);
// Only now: where a browser lacks what the page needs, the words that say so stay.
document.querySelector('.unstarted')?.remove();
