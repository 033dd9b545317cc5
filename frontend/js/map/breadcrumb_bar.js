/** The bar above the map: which head is open, its neighbours, and the tools of the map. */

import { exactAddress } from '../state/history.js';
import { BEST, bestCounts, mapOf, methodOf } from '../data/best_map.js';
import { el, ICONS, icon, inheritFocus, setAttribute, setText, UNTRANSLATED } from '../ui/dom.js';
import { explainHeadName, formatHeadName } from '../data/head_names.js';
import { measureFacts } from '../data/head_measures.js';
import { neighbourOf } from '../state/selectors.js';
import { chosenMap, fidelityOf, meanFidelity } from '../data/points.js';
import { fitsMarked } from '../state/url.js';
import {
  formatHead,
  formatMeasure,
  formatModelSize,
  isMisleading,
  MISLEADING_RECALL,
} from '../ui/labels.js';
import { formatMap } from '../data/map_labels.js';
import { createSave } from '../figure/save.js';
import { createToolRow } from '../ui/tool_row.js';
import { formatHeadMeasure } from './cell.js';

/** @import { Context, Facts, HeadFacts, Manifest, State } from '../page.js' */
/** @import { Source } from '../figure/figure.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { MapOfHeads } from './map_of_heads.js' */

/** @type {readonly ('up' | 'left' | 'right' | 'down')[]} */
const DIRECTIONS = ['left', 'up', 'down', 'right'];
/**
 * @type {readonly {name: 'past' | 'future', way: 'back' | 'forth', icon: string, verb: string,
 *   keys: string}[]}
 */
const STEPS = [
  { name: 'past', way: 'back', icon: ICONS.undo, verb: 'Undo', keys: 'Ctrl+Z' },
  { name: 'future', way: 'forth', icon: ICONS.redo, verb: 'Redo', keys: 'Ctrl+Shift+Z' },
];
/** Class of a bar whose words are below the title. */
const STACKED = 'bar--stacked';
const LASSO_ICON =
  'M8 2.5c3.3 0 6 1.8 6 4s-2.7 4-6 4-6-1.8-6-4 2.7-4 6-4M4.5 9.6a1.6 1.6 0 1 0 1.2 ' +
  '2.8c.6.6.6 1.3.2 1.9';
const FIT_ICON = 'M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M5.5 5.5h5v5h-5z';
const TABLE_ICON = 'M2 3h12v10H2zM2 6.5h12M6 6.5V13M10 6.5V13';
const WORDS = {
  up: 'Head of the layer above',
  down: 'Head of the layer below',
  left: 'Head at the left',
  right: 'Head at the right',
};

/**
 * @param {HTMLElement} root
 * @param {Context & Source & {theme: () => ShownTheme, mapOfHeads: MapOfHeads, openHeads: () =>
 *   void, resetZoom: () => void, lasso: {readonly isOn: boolean, turn: (isOn: boolean) => void}}}
 *   context
 */
export function createBreadcrumbBar(root, context) {
  const {
    actions,
    derived,
    facts,
    lasso,
    mapOfHeads,
    notify,
    openHeads,
    pane,
    resetZoom,
    store,
    theme,
    undo,
  } = context;
  const title = el('h2', { class: 'bar__title' });
  const chip = el('span', { class: 'chip' });
  const detail = el('span', { class: 'bar__detail soft' });
  const buttons = createButtons({
    ...actions,
    openHeads,
    resetZoom,
    toggleLasso,
    copyAddress,
  });
  const { arrows, back, clear, compare, fit, link, neighbours, outline, reset, table } = buttons;
  const steps = createSteps(undo);
  const more = el('div', { class: 'bar__more' }, chip, detail);
  const place = el('div', { class: 'bar__words' }, title, more);
  const nav = el('div', { class: 'bar__nav' }, back, neighbours);
  const element = el('div', { class: 'bar' }, nav, place);
  root.append(element);
  const save = createSave(element, { ...context, headMapImage: mapOfHeads.image });
  const row = createToolRow({
    room,
    leaving: [link, mapOfHeads.button, table, clear, reset, fit, save.element, outline, compare],
  });
  element.append(row.element);
  gather();
  let wasGrid = false;
  let width = 0;
  let handle = 0;
  const observer = new ResizeObserver(([{ contentRect }]) => {
    width = contentRect.width;
    cancelAnimationFrame(handle);
    handle = requestAnimationFrame(arrange); // not at once: it may change the height
  });
  observer.observe(element);

  /** The width that the words leave to the tools, CSS pixels. */
  function room() {
    const gap = Number.parseFloat(getComputedStyle(element).columnGap) || 0;
    const left = nav.offsetWidth > 0 ? nav.offsetWidth + gap : 0;
    const { flexDirection, order } = getComputedStyle(place);
    if (order !== '0') return width - left; // the words have a line of their own
    const isBeside = flexDirection !== 'column' && !element.classList.contains(STACKED);
    const beside = [chip, detail].reduce(
      (sum, { hidden, scrollWidth }) => sum + (hidden || !scrollWidth ? 0 : scrollWidth + gap),
      0,
    );
    return width - left - title.scrollWidth - (isBeside ? beside : 0) - gap;
  }

  /** Put words that do not fit below the title, and then tools without room into the menu. */
  function arrange() {
    const key = [width, pane(), title.textContent, more.textContent].join(' ');
    if (width === 0 || row.isArranged(key)) return;
    element.classList.remove(STACKED);
    row.arrange(key);
    if (!row.isFull || getComputedStyle(place).order !== '0') return;
    element.classList.toggle(STACKED, more.textContent !== '' && pane() === null);
    row.arrange(key);
  }

  /**
   * Put everything in its place; with two panes the tools of the whole page are elsewhere.
   */
  function gather() {
    const [before, after] = pane() === 'B' ? [[], []] : [[steps.element], [link]];
    row.set([
      ...before,
      mapOfHeads.button,
      table,
      clear,
      outline,
      fit,
      reset,
      compare,
      save.element,
      ...after,
    ]);
  }

  function toggleLasso() {
    lasso.turn(!lasso.isOn);
    setAttribute(outline, 'aria-pressed', String(lasso.isOn));
  }

  async function copyAddress() {
    notify(await addressCopied(store.get(), theme()));
  }

  return {
    /** The tools of the whole page. */
    pageTools: [steps.element, link],
    gather,
    arrange,
    /** Offer to show all heads at once, where they are not. @param {boolean} isOffered */
    offerFit(isOffered) {
      fit.hidden = !isOffered;
      setAttribute(fit, 'aria-pressed', String(store.get().isFitted));
    },
    /** @param {State} state */
    update(state) {
      const { at, selected } = state;
      const manifest = facts.description.value?.manifest ?? null;
      const isOpening = wasGrid && at !== null;
      wasGrid = at === null;
      back.hidden = neighbours.hidden = at === null;
      if (isOpening && document.activeElement !== document.body) inheritFocus(back);
      steps.update();
      save.update(state);
      clear.hidden = selected === null;
      for (const button of [reset, outline, table, link]) button.hidden = manifest === null;
      compare.hidden = manifest === null || state.compare !== null;
      setText(title, at ? formatHead(at, manifest?.layers) : 'All heads');
      const name = at && derived.heads().headName(at);
      chip.hidden = !name;
      setText(chip, name ? formatHeadName(name) : '');
      setAttribute(chip, 'title', name && explainHeadName(name));
      const { words, isWarning } = state.compare
        ? formatFidelity(state, facts)
        : { words: mapDetail(state, manifest, facts, derived), isWarning: false };
      setText(detail, words);
      setAttribute(detail, 'title', words);
      detail.classList.toggle('bar__detail--warning', isWarning);
      if (at && manifest)
        DIRECTIONS.forEach((direction, i) => {
          arrows[i].disabled = neighbourOf(at, direction, manifest) === null;
        });
    },
    destroy() {
      observer.disconnect();
      cancelAnimationFrame(handle);
      save.destroy();
      element.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createBreadcrumbBar>} BreadcrumbBar */

/**
 * Copy the address of the image on screen.
 *
 * @param {State} state
 * @param {ShownTheme} theme
 * @returns {Promise<string>} what to say of it
 */
async function addressCopied(state, theme) {
  try {
    await navigator.clipboard.writeText(exactAddress(state, theme));
    const leftOut = ', without the marked points: they are too many for an address';
    return `The address of this picture was copied${fitsMarked(state) ? '' : leftOut}.`;
  } catch {
    return (
      'The browser did not let the address be copied. The line of the address holds all of ' +
      'it but theme and palette.'
    );
  }
}

/**
 * @param {Pick<Context['actions'], 'showGrid' | 'toggleFit' | 'goTo' | 'clearSelection' |
 *   'toggleBeside'> &
 *   Record<'openHeads' | 'resetZoom' | 'toggleLasso' | 'copyAddress', () => void>} calls
 */
function createButtons(calls) {
  const arrows = DIRECTIONS.map((direction) =>
    createButton(ICONS[direction], WORDS[direction], {
      class: 'button button--icon',
      title: `${WORDS[direction]} (arrow key)`,
      onClick: () => calls.goTo(direction),
    }),
  );
  return {
    arrows,
    neighbours: el(
      'div',
      { class: 'bar__neighbours', role: 'group', 'aria-label': 'Neighbouring heads' },
      ...arrows,
    ),
    back: createButton(ICONS.grid, 'All heads', {
      title: 'All heads (key g)',
      onClick: calls.showGrid,
    }),
    clear: createButton(ICONS.close, 'Clear selection', {
      title: 'Clear the selection (Esc)',
      onClick: calls.clearSelection,
    }),
    fit: createButton(FIT_ICON, 'Fit all', {
      'aria-pressed': 'false',
      title: 'Show all heads at once, without titles where there is no room (key f)',
      onClick: calls.toggleFit,
    }),
    reset: createButton(ICONS.reset, 'Reset zoom', {
      title: 'Show everything again',
      onClick: calls.resetZoom,
    }),
    outline: createButton(LASSO_ICON, 'Lasso', {
      'aria-pressed': 'false',
      title: 'Draw around points to mark them; Shift and drag does the same, save in 3-D',
      onClick: calls.toggleLasso,
    }),
    table: createButton(TABLE_ICON, 'Scores', {
      title: 'Every head with every score, to sort and to save (key h)',
      onClick: calls.openHeads,
    }),
    compare: createButton(ICONS.beside, 'Compare', {
      title: 'Open a second pane beside this one: another head, method, dataset or model (key c)',
      onClick: calls.toggleBeside,
    }),
    link: createButton(ICONS.link, 'Copy address', {
      title: 'Copy the address of exactly this view',
      onClick: calls.copyAddress,
    }),
  };
}

/**
 * A button of the bar; the label of an icon button is for screen readers alone.
 *
 * @param {string} path of the icon
 * @param {string} label
 * @param {Record<string, string | (() => void)>} properties
 */
function createButton(path, label, properties) {
  const isIcon = properties.class === 'button button--icon';
  return el(
    'button',
    { class: 'button', type: 'button', ...properties },
    icon(path),
    el('span', { class: isIcon ? 'visually-hidden' : 'bar__label' }, label),
  );
}

/**
 * The buttons for undo and redo, named after what they would do.
 *
 * @param {Context['undo']} undo
 */
function createSteps(undo) {
  const status = el('span', { class: 'visually-hidden', role: 'status' });
  const buttons = STEPS.map(({ way, icon: path }) => {
    const label = el('span', { class: 'visually-hidden' });
    return {
      label,
      button: el(
        'button',
        { class: 'button button--icon', type: 'button', onClick: undo[way] },
        icon(path),
        label,
      ),
    };
  });

  return {
    // The name of a step may hold words of a search.
    element: el(
      'div',
      { ...UNTRANSLATED, class: 'bar__steps', role: 'group', 'aria-label': 'Steps' },
      ...buttons.map(({ button }) => button),
      status,
    ),
    update() {
      setText(status, undo.announcement);
      STEPS.forEach(({ name, verb, keys }, i) => {
        const words = undo[name] === null ? verb : `${verb}: ${undo[name]}`;
        setText(buttons[i].label, words);
        setAttribute(buttons[i].button, 'title', `${words} (${keys})`);
        // `disabled` would take the focus away
        setAttribute(buttons[i].button, 'aria-disabled', undo[name] === null ? 'true' : null);
      });
    },
  };
}

/**
 * Which maps are shown, how many, and by which measure.
 *
 * @param {State} state
 * @param {Manifest | null} manifest
 * @param {Facts} facts
 * @param {Context['derived']} derived
 */
function mapDetail(state, manifest, facts, derived) {
  const { at, method, dims, order, score } = state;
  if (!method) return '';
  const more = !manifest
    ? ''
    : at
      ? formatOwn(derived.heads().column(score, state), at.layer * manifest.n_heads + at.head)
      : ` · ${formatModelSize(manifest)} · ${formatNumber(score ?? order)}`;
  const map = method === BEST ? formatBest(state, facts.heads.value) : formatMap(method, dims);
  return `${map}${more}`;
}

/**
 * The best map of the open head, or the number of heads for each.
 *
 * @param {State} state
 * @param {Map<string, HeadFacts> | null} heads
 */
function formatBest({ at, method, dims }, heads) {
  const name = `${method}-${dims}d`;
  const own = at && mapOf(heads, at, name);
  if (own) return `${formatMap(methodOf(own), dims)} (best)`;
  const counts = at ? '' : bestCounts(heads, name);
  return `${formatMap(BEST, dims)}${counts && `: ${counts}`}`;
}

/**
 * The fidelity of a pane's map; its name is in the header of the pane.
 *
 * @param {State} state
 * @param {Facts} facts
 */
function formatFidelity(state, { heads }) {
  const name = chosenMap(state);
  const fidelity = state.at
    ? fidelityOf(heads.value, state.at, name)
    : meanFidelity(heads.value, name);
  if (!fidelity) return { words: '', isWarning: false };
  return {
    words: `${state.at ? '' : 'mean '}recall@10 ${formatMeasure(fidelity.recall_at_10)}`,
    isWarning: state.at !== null && isMisleading(fidelity),
  };
}

/** The number on each head, its bar, and their colour. @param {string | null} measure */
function formatNumber(measure) {
  const amber = `amber below ${MISLEADING_RECALL}`;
  return measure === null || measure === 'recall_at_10'
    ? `number and bar: recall@10, ${amber}`
    : `number: ${measureFacts(measure).label}, bar: recall@10, ${amber}`;
}

/**
 * The value of the open head in the measure that tints the grid.
 *
 * @param {Column | null} column
 * @param {number} head
 */
function formatOwn(column, head) {
  return column ? ` · ${formatHeadMeasure(column, head)}` : '';
}
