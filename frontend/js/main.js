/** Makes the parts of the page and connects them. */

import { createActions, readRemembered } from './state/actions.js';
import { keepAddress, readAddress } from './state/history.js';
import { createApi } from './data/api.js';
import { createPaneStore } from './state/pane_state.js';
import { createConnection } from './data/transport.js';
import { createDerived } from './data/derived.js';
import { el, reloadBrokenImages } from './ui/dom.js';
import { createActivePane } from './state/active_pane.js';
import { createPrintSheet } from './figure/print.js';
import { createHover } from './state/hover.js';
import { createJobs } from './jobs/dialog.js';
import { createKeyboard } from './controls/keyboard.js';
import { createTokenRenumbering } from './user_sequences/token_renumbering.js';
import { connectUserSequences } from './user_sequences/connect.js';
import { createApiOverlay } from './user_sequences/overlay.js';
import { createLoader } from './data/loader.js';
import { layersOf } from './data/points.js';
import { createMarks } from './marked_points/marked_points.js';
import { createPairing } from './state/pairing.js';
import { createPanes } from './map/panes.js';
import { reconcile } from './state/selectors.js';
import { createSite } from './site/site.js';
import { createStore } from './state/store.js';
import { createUndo } from './state/undo.js';
import { signInAddress, takeToken, watchSignIn } from './data/sign_in.js';
import { createAbout } from './dialogs/about.js';
import { createSignedOut } from './controls/account.js';
import { createComparison } from './sequence/comparison.js';
import { createConnectionBanner } from './controls/connection_banner.js';
import { createCommandPalette } from './dialogs/command_palette.js';
import { createControls } from './controls/controls.js';
import { createDatasetDialog } from './dialogs/dataset_dialog.js';
import { createDrop } from './user_sequences/drop.js';
import { createHeader } from './controls/header.js';
import { createHeadTable } from './dialogs/head_table.js';
import { createHelp } from './dialogs/help.js';
import { createNotices } from './ui/notices.js';
import { createPanel } from './sequence/panel.js';
import { createSequenceDialog } from './dialogs/sequence_dialog.js';
import { createStartCards } from './dialogs/start_cards.js';
import { createHint } from './dialogs/hint.js';
import { createStage } from './map/stage.js';
import { formatTitle } from './ui/labels.js';

/** @import { Context, Facts, Session, State, Store } from './page.js' */
/** @import { StartCards } from './dialogs/start_cards.js' */
/** @import { ActivePane } from './state/active_pane.js' */
/** @import { Api } from './data/api.js' */
/** @import { UserSequences } from './user_sequences/user_sequences.js' */
/** @import { ShownTheme } from './color/point_style.js' */

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** @param {HTMLElement} root @param {boolean} isSite whether files stand in for a server */
function start(root, isSite) {
  const token = takeToken(); // before anything else: it must not stay in sight
  /** @type {ReturnType<typeof createPage> | null} */
  let page = null;
  const first = readAddress();
  const store = createStore({ ...readRemembered(), ...first.choices });
  const { ask, server, session } = connectServer(isSite, token, askForDatasets);
  const notices = createNotices(document.body);
  const moves = createTokenRenumbering(history.state);
  const schedule = createSchedule(follow);
  const live = connectUserSequences(server, {
    store,
    moves,
    schedule,
    notify: notices.say,
    forget: () => context.undo.forget(),
    select: (dataset, token) => activePane.selectIn(dataset, token),
  });
  const api = createApiOverlay(server, live);
  const loader = createLoader(api, schedule, () => page?.panes.facts() ?? null, undefined, live);
  loader.update(store.get()); // the questions travel while the views are made
  const help = createHelp(document.body, {
    openAbout: () => about.open(),
    examples: () => /** @type {StartCards} */ (page?.examples),
  });
  const about = createAbout(document.body, { openHelp: help.open });
  const context = createFirstContext(store, {
    api,
    live,
    loader,
    notify: notices.say,
    isLinked: () => page?.panes.isLinked() ?? false,
    active: () => activePane.context,
    schedule,
  });
  const activePane = createActivePane(context);
  page = createPage(root, {
    activePane,
    ask,
    choices: store,
    context,
    help,
    live,
    schedule,
    session,
  });
  const { panes, update } = page;
  let isNew = true;

  function follow() {
    const { change, notices: words } = reconcile(store.get(), loader.facts, live.nTokens);
    words.forEach(notices.say);
    if (Object.keys(change).length > 0) return store.set(change, 'reconcile');
    if (panes.reconcile(store.get())) return;
    const state = store.get();
    document.documentElement.dataset.theme = shownTheme(state);
    document.documentElement.dataset.palette = state.palette;
    document.title = titleOf(state, loader.facts, panes.facts());
    loader.update(state);
    panes.load(state);
    update(state);
    if (isNew && loader.facts.datasets.value) void greet();
  }

  /** A server that people share shows first what it has, unless the address says what is meant. */
  async function greet() {
    isNew = false;
    const found = await session;
    if (found?.has_sign_in && token) location.replace(signInAddress(token));
    else if (found?.has_sign_in && first.choices.dataset === null) page?.greet();
  }

  /** A server that was away may have come back with other datasets. */
  function askForDatasets() {
    if (loader.facts.datasets.status !== 'loading') loader.facts.datasets.again();
  }

  keepAddress(store, notices.say, moves);
  store.subscribe(follow);
  context.pairing.subscribe(follow);
  prefersDark.addEventListener('change', follow);
  activePane.subscribe(follow);
  first.notices.forEach(notices.say);
  follow();
}

/**
 * The server, or the files of an exported site, asked again where the connection was lost.
 *
 * @param {boolean} isSite
 * @param {string | null} token to sign in with
 * @param {() => void} comeBack called once a lost server is there again
 */
function connectServer(isSite, token, comeBack) {
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
    (isLost) => {
      banner.show(isLost);
      if (isLost) return;
      reloadBrokenImages();
      comeBack();
    },
  );
  const banner = createConnectionBanner(document.body, connection.retry);
  const ask = isSite
    ? createSite(document.baseURI, connection.ask)
    : watchSignIn(connection.ask, shut);
  const server = createApi(document.baseURI, ask, isSite);
  const session = isSite
    ? Promise.resolve(null)
    : server.session(new AbortController().signal).catch(() => null);
  window.addEventListener('offline', connection.check);
  window.addEventListener('online', connection.retry);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) connection.retry();
  });
  return { ask, server, session };
}

/** Many answers may come at once; the page follows once. @param {() => void} follow */
function createSchedule(follow) {
  let isScheduled = false;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      follow();
    });
  };
}

/**
 * What the views of the first pane are given.
 *
 * @param {Store} choices
 * @param {{api: Api, live: UserSequences, loader: ReturnType<typeof createLoader>, notify: (text:
 *   string) => void, isLinked: () => boolean, active: () => Context, schedule: () => void}} parts
 *   `active` is the context of the pane that was last used
 * @returns {Context}
 */
function createFirstContext(choices, { api, live, loader, notify, isLinked, active, schedule }) {
  const { facts, retry } = loader;
  const store = createPaneStore(choices, 'A', isLinked);
  const marks = createMarks(store, facts);
  const undo = createUndo(choices); // it hears of a choice before what follows from it
  const pairing = createPairing(
    { get: () => active().store.get() },
    { markPair: (pair) => active().actions.markPair(pair) },
    notify,
    () => active().facts.description.value?.manifest ?? null,
  );
  return {
    api,
    store,
    facts,
    actions: createActions(store, facts, marks),
    derived: createDerived(facts, schedule),
    hover: createHover(),
    marks,
    undo,
    pairing,
    userSequences: live,
    notify,
    retry,
    pane: () => (choices.get().compare ? 'A' : null),
  };
}

/**
 * The views, in the order of the page.
 *
 * @param {HTMLElement} root
 * @param {{activePane: ActivePane, ask: typeof fetch, choices: Store, context: Context, help:
 *   {open: () => void}, live: UserSequences, schedule: () => void, session: Promise<Session |
 *   null>}} parts
 */
function createPage(root, { activePane, ask, choices, context, help, live, schedule, session }) {
  const active = activePane.context;
  const headTable = createHeadTable(document.body, active);
  const openHeads = headTable.open;
  const app = el('div', { class: 'app' });
  root.append(app);
  const jobs = createJobs(document.body, { ...active, ask });
  const datasets = createDatasetDialog(document.body, active);
  const header = createHeader(app, {
    ...active,
    openHelp: help.open,
    openPalette: () => palette.open(),
    openDatasets: datasets.open,
    newDataset: jobs.button,
    openUserSequences,
    session,
  });
  const examples = createStartCards(app, active, location.search);
  const hint = createHint(app);
  const table = createSequenceDialog(document.body, { ...active, showPanel: header.showPanel });
  /** @type {ReturnType<typeof createPanes> | null} */
  let shown = null;
  const controls = createControls(app, {
    ...active,
    openTable: table.open,
    openHeads,
    legend: () => shown?.stage().legend() ?? null,
    frame: () => shown?.stage().frame() ?? null,
  });
  const area = el('main', { class: 'panes' });
  app.append(area);
  const theme = () => shownTheme(choices.get());
  const stage = createStage(area, { ...context, openHeads, theme, drawn: markDrawn });
  const switchPane = () => activePane.bring(activePane.name() === 'A' ? 'B' : 'A');
  const drop = createDrop(area, { ...active, openUserSequences });
  const panel = createPanel(app, { ...active, switchPane });
  const panes = createPanes(
    area,
    {
      choices,
      first: context,
      stage,
      theme,
      schedule,
      openHeads,
      compare: (both) => createComparison(app, area, both),
    },
    activePane,
  );
  shown = panes;
  createPrintSheet(document.body, panes.shown);
  /** @type {Record<string, () => void>} */
  const commands = {
    ...pageCommands(activePane),
    openPalette: () => palette.open(),
    openHelp: help.open,
    toggleMapOfHeads: () => panes.stage().toggleMapOfHeads(),
    openTable: table.open,
    openDatasets: datasets.open,
    openHeads,
    openUserSequences,
    focusSearch,
    switchPane,
    next: () => panes.stage().walk(1, false),
    previous: () => panes.stage().walk(-1, false),
    nextSequence: () => panes.stage().walk(1, true),
    previousSequence: () => panes.stage().walk(-1, true),
  };
  const palette = createCommandPalette(document.body, active, commands, examples);
  createKeyboard(active, commands, (dx, dy) => panes.stage().turn(dx, dy));

  /** The controls may be folded away. */
  function focusSearch() {
    header.showControls();
    controls.focusSearch();
  }

  function openUserSequences() {
    if (!live.limits) return;
    header.showControls();
    controls.focusUserSequences();
  }

  return {
    panes,
    examples,
    greet: datasets.greet,
    /** @param {State} state */
    update(state) {
      for (const view of [header, examples, hint, panel, jobs]) view.update(activePane.state());
      stage.update(state);
      panes.update(state);
      for (const view of [controls, headTable]) view.update(activePane.state());
      table.update();
      for (const view of [drop, datasets]) view.update(activePane.state());
    },
  };
}

/** Commands that only change choices. @param {ActivePane} activePane */
function pageCommands({ context: { actions, hover, pairing, store, undo } }) {
  return {
    showGrid: actions.showGrid,
    toggleFit: actions.toggleFit,
    toggleDims: () => actions.showDims(store.get().dims === 2 ? 3 : 2),
    toggleLabels: () => actions.choose({ hasLabels: !store.get().hasLabels }),
    toggleBeside: actions.toggleBeside,
    undo: undo.back,
    redo: undo.forth,
    clear: actions.clear,
    attend: () => pairing.mark(hover.get(), true),
    ignore: () => pairing.mark(hover.get(), false),
  };
}

/** @param {State} state @returns {ShownTheme} */
function shownTheme({ theme }) {
  if (theme !== 'system') return theme;
  return prefersDark.matches ? 'dark' : 'light';
}

/**
 * @param {State} state
 * @param {Facts} facts
 * @param {Facts | null} beside of the second pane
 */
function titleOf({ dataset, at, compare }, facts, beside) {
  /** @param {Pick<State, 'dataset' | 'at'>} pane @param {Facts | null} own */
  const words = (pane, own) => {
    const layers = own && layersOf(own, pane.dataset);
    return [pane.at && formatTitle(pane.at, layers), pane.dataset].filter(Boolean).join(' · ');
  };
  return [words({ dataset, at }, facts), compare && words(compare, beside), 'AttentionViz']
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
