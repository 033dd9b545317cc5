/**
 * The map of heads, docked beside the grid or the open head: heads that attend alike lie near each
 * other.
 */

import { canvasPalette, cssColor, rampStops } from '../color/palettes.js';
import { createCleanup, el, ICONS, icon, isNarrow, setAttribute, setText } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';
import { formatScore } from '../data/head_measure_columns.js';
import { scoreFacts, formatUnit } from '../data/head_measures.js';
import { formatDistance, formatHead, formatMeasure, formatTitle } from '../ui/labels.js';
import { colorOf, scoreLine } from './cell.js';
import { createConstellation } from './head_map_dots.js';
import { createFigureButtons } from '../figure/figure_buttons.js';

/** @import { Context, HeadsMap, State, View } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Column } from '../data/head_measure_columns.js' */
/** @import { DotLook } from './head_map_dots.js' */

const MAP_ICON = 'M4 4.5h.01M7 9h.01M11.5 3.5h.01M12.5 10h.01M4.5 12.5h.01M9.5 6.5h.01M9 13h.01';
/** From this stress on the map is to be read with care: Kruskal (1964) calls 0.2 poor. */
const POOR_STRESS = 0.2;
const HELP = 'Heads that attend alike lie near each other. A click opens one.';

/**
 * What the map shows of its heads.
 *
 * @typedef {{map: HeadsMap, column: Column | null, looks: DotLook[], stops: string[], nLayers:
 *   number}} HeadsPicture
 */

/**
 * @param {HTMLElement} root beside what it is docked
 * @param {Pick<Context, 'actions' | 'api' | 'derived' | 'facts' | 'notify' | 'pane' | 'store'> &
 *   {theme: () => ShownTheme, pointed: ReturnType<typeof
 *   import('../ui/observable.js').createObservable<number>>}} context `pointed` is the index of the
 *   head that is pointed at, in the grid or here; -1: none
 */
export function createMapOfHeads(
  root,
  { actions, api, derived, facts, notify, pane, pointed, store, theme },
) {
  const cleanup = createCleanup();
  const button = el(
    'button',
    {
      class: 'button',
      type: 'button',
      title: 'Map of heads: which attend alike (key m)',
      'aria-expanded': 'false',
      onClick: () => (isOpen ? fold() : show()),
    },
    icon(MAP_ICON),
    el('span', { class: 'bar__label' }, 'Map of heads'),
  );
  const words = el('p', { class: 'dock__words soft', role: 'status' });
  const body = el('div', { class: 'constellation', hidden: true });
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Fold the map of heads (Esc)',
      onClick: fold,
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Fold the map of heads'),
  );
  const element = el(
    'aside',
    { class: 'dock', 'aria-label': 'Map of heads', hidden: true, onKeydown: leave },
    el(
      'div',
      { class: 'dock__head' },
      el('h2', {}, 'Map of heads'),
      createFigureButtons('heads', 'the map of heads', {
        api,
        derived,
        facts,
        notify,
        store,
        headsPicture: pictureIn,
      }),
      close,
    ),
    words,
    body,
  );
  root.append(element);
  const plot = createConstellation(body, { point: pointed.set, open });
  const status = el('div', { class: 'constellation__status' });
  const about = el('div', { class: 'constellation__about' });
  body.append(
    el(
      'div',
      {
        class: 'constellation__side',
        tabindex: '0',
        role: 'group',
        'aria-label': 'What the map of heads tells',
      },
      status,
      about,
    ),
  );
  cleanup.add(pointed.subscribe(tell));
  /**
   * Whether it is wished to be seen; a dataset without a map has none. The second pane begins
   * without.
   */
  let isOpen = pane() !== 'B' && recall(memoryName()) === 'open';
  /** @type {{key: string, map: HeadsMap} | null} */
  let found = null;
  let wanted = '';
  /** @type {AbortController | null} */
  let asked = null;
  /** @type {unknown[]} */
  let known = [];
  /** @type {HeadsPicture | null} */
  let picture = null;
  let hasToFocus = false;

  function show() {
    isOpen = true;
    hasToFocus = true;
    remember(memoryName(), 'open');
    update(store.get());
  }

  function fold() {
    const hadFocus = element.contains(document.activeElement);
    isOpen = false;
    remember(memoryName(), 'folded');
    pointed.set(-1);
    update(store.get());
    if (hadFocus) button.focus();
  }

  /** @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    fold();
  }

  /** @param {number} head */
  function open(head) {
    const chosen = picture?.map.heads[head];
    if (!chosen) return;
    // an overlay would cover the head that opens
    if (getComputedStyle(element).position === 'absolute') fold();
    actions.openHead({ layer: chosen.layer, head: chosen.head });
  }

  /** @param {string} dataset @param {string} key */
  async function ask(dataset, key) {
    asked?.abort();
    const own = (asked = new AbortController());
    wanted = key;
    body.hidden = true;
    setText(words, 'Loading the map of heads …');
    try {
      const map = await api.similarity(dataset, own.signal);
      if (own.signal.aborted) return;
      found = { key, map };
      update(store.get());
    } catch (error) {
      if (own.signal.aborted) return;
      setText(
        words,
        'Could not load the map of heads. ' +
          `${error instanceof Error ? error.message : String(error)} `,
      );
      words.append(
        el(
          'button',
          { class: 'button button--small', type: 'button', onClick: () => void ask(dataset, key) },
          'Try again',
        ),
      );
    }
  }

  /** @param {State} state @param {HeadsMap} map */
  function draw(state, map) {
    const column = derived.heads().column(state.score, state);
    const inside = derived.heads().within(state)?.inside ?? null;
    const shownTheme = theme();
    const next = [map, column, inside, state.at, shownTheme, state.palette];
    if (next.every((part, i) => part === known[i])) return;
    known = next;
    picture = pictureOf(map, column, inside, shownTheme, state.palette);
    plot.draw(map, picture.looks, openedIn(map));
    about.replaceChildren(...aboutParts(picture));
    tell(pointed.get());
  }

  /** @param {HeadsMap} map */
  function openedIn({ heads }) {
    const { at } = store.get();
    return heads.findIndex(({ layer, head }) => layer === at?.layer && head === at.head);
  }

  /** Say which heads are nearest to one; -1: to the open one, or none. @param {number} head */
  function tell(head) {
    if (!picture || element.hidden) return;
    const current = openedIn(picture.map);
    const shown = head >= 0 ? head : current;
    plot.show(shown);
    const chosen = picture.map.heads[shown];
    if (!chosen)
      return status.replaceChildren(
        el(
          'p',
          { class: 'soft' },
          'Point at a head, here or in the grid, to see which are nearest to it.',
        ),
      );
    const own = picture.column ? [el('p', {}, scoreLine(picture.column, shown))] : [];
    status.replaceChildren(
      el('h3', {}, `${formatHead(chosen)}${shown === current ? ' (open)' : ''}`),
      ...own,
      el('p', { class: 'soft' }, 'Nearest, by distance of attention:'),
      el(
        'ol',
        { class: 'constellation__nearest' },
        ...chosen.nearest.map((one) =>
          el(
            'li',
            {},
            el('span', {}, formatHead(one)),
            el('span', {}, formatMeasure(one.distance)),
          ),
        ),
      ),
    );
  }

  /** @param {State} state */
  function update(state) {
    const { dataset } = state;
    const description = facts.description.value;
    const isThere =
      dataset !== null && description?.id === dataset && description.state === 'complete';
    button.hidden = !isThere;
    element.hidden = !isThere || !isOpen;
    setAttribute(button, 'aria-expanded', String(!element.hidden));
    setAttribute(button, 'aria-pressed', String(!element.hidden));
    if (element.hidden || !isThere) return;
    const key = `${dataset} ${description.version}`;
    if (found?.key !== key) {
      if (wanted !== key) void ask(dataset, key);
      return;
    }
    body.hidden = false;
    setText(words, HELP);
    draw(state, found.map);
    if (hasToFocus) plot.focus();
    hasToFocus = false;
  }

  /**
   * What is drawn, in the colours of either theme; null while nothing is.
   *
   * @param {ShownTheme} shownTheme
   */
  function pictureIn(shownTheme) {
    const state = store.get();
    if (element.hidden || body.hidden || !picture) return null;
    return pictureOf(
      picture.map,
      picture.column,
      derived.heads().within(state)?.inside ?? null,
      shownTheme,
      state.palette,
    );
  }

  return {
    button,
    update,
    picture: pictureIn,
    /** Go to the map; once there, fold it. */
    toggle() {
      if (button.hidden) return;
      if (element.hidden || !element.contains(document.activeElement)) show();
      else fold();
    },
    destroy() {
      asked?.abort();
      cleanup.run();
      plot.destroy();
      button.remove();
      element.remove();
    },
  };
}

/**
 * @param {HeadsMap} map
 * @param {Column | null} column that tints the grid
 * @param {Uint8Array | null} inside (head) 0 where a head steps back
 * @param {ShownTheme} theme
 * @param {State['palette']} palette
 * @returns {HeadsPicture}
 */
function pictureOf(map, column, inside, theme, palette) {
  const { layers: ramp, scores } = canvasPalette(theme, palette);
  const nLayers = 1 + Math.max(...map.heads.map(({ layer }) => layer));
  const looks = map.heads.map((head, i) => {
    const packed = column
      ? colorOf(column, i, theme)
      : ramp[
          nLayers > 1
            ? Math.round((head.layer / (nLayers - 1)) * (ramp.length - 1))
            : ramp.length >> 1
        ];
    return {
      color: packed === null ? null : cssColor(packed),
      isOutside: inside?.[i] === 0,
      words: formatDot(head, column, i, inside?.[i] === 0),
    };
  });
  return { map, column, looks, stops: rampStops(column ? scores : ramp), nLayers };
}

/** In narrow windows it lies over the map, so that is remembered apart. */
function memoryName() {
  return `map-of-heads${isNarrow() ? '.narrow' : ''}`;
}

/**
 * What the colours and the picture mean, and how true it is.
 *
 * @param {HeadsPicture} picture
 */
function aboutParts({ map: { stress, n_rows: nRows }, column, stops, nLayers }) {
  const bar = el('span', { class: 'legend__ramp' });
  bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(', ')})`;
  const ends = column
    ? column.range.map((end) => (column.nKnown > 0 ? formatScore(end) : '–'))
    : ['layer 0', nLayers > 1 ? `layer ${nLayers - 1}` : ''];
  const care =
    stress > POOR_STRESS
      ? ' That is much for a flat picture: trust the lists of nearest heads where they say ' +
        'otherwise.'
      : '';
  return [
    el(
      'div',
      { class: 'legend' },
      ...(column
        ? [
            el(
              'p',
              { class: 'legend__title' },
              `${scoreFacts(column.name).label}${formatUnit(column.name)}`,
            ),
          ]
        : []),
      bar,
      el('span', { class: 'legend__range' }, ...ends.map((end) => el('span', {}, end))),
    ),
    el(
      'p',
      { class: 'soft' },
      el('strong', {}, `Stress ${stress.toFixed(2)}`),
      `: 0 would be a picture without fault.${care}`,
    ),
    el(
      'p',
      { class: 'soft' },
      `Distance: ${formatDistance(nRows)}; 0 for the same attention, 1 for nothing in common.`,
    ),
  ];
}

/**
 * @param {HeadsMap['heads'][number]} head
 * @param {Column | null} column
 * @param {number} i
 * @param {boolean} isOutside
 */
function formatDot(head, column, i, isOutside) {
  const nearest = head.nearest
    .slice(0, 3)
    .map((one) => `${formatTitle(one)} ${formatMeasure(one.distance)}`)
    .join(', ');
  const own = column ? `; ${scoreLine(column, i)}` : '';
  const outside = isOutside ? '; outside of the range' : '';
  const alike = nearest ? `; nearest ${nearest}` : '';
  return `${formatTitle(head)}, ${formatHead(head).toLowerCase()}${own}${outside}${alike}`;
}

/** @typedef {ReturnType<typeof createMapOfHeads> & View} MapOfHeads */
