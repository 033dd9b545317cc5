/** The number of marked points, what they have in common, and buttons to save them. */

import { download, TABLE_TYPES } from '../ui/download.js';
import { createCleanup, el, icon, ICONS, isNarrow, setAttribute, setText } from '../ui/dom.js';
import { countMarked, fileName, markedRows, placesIn, toCsv, toJson } from './table.js';
import { mapOf, shownMethod } from '../data/best_map.js';
import { chosenMap, drawnPoint, selectedAt } from '../data/points.js';
import { counted } from '../compute/number_text.js';
import { recall, remember } from '../ui/preferences.js';
import { createSummary } from './summary.js';

/** @import { Subject } from './table.js' */
/** @import { Context, Facts, GridMap, HeadId, HeadMap, State, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {lassoed: () => HeadId | null, redraw: () => void}} context `redraw` is called
 *   when another part of the marked points is to be shown
 * @returns {View}
 */
export function createMarked(root, { facts, hover, lassoed, marks, redraw, store }) {
  const cleanup = createCleanup();
  const words = el('span', { role: 'status' });
  const fold = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Summary of the marked points',
      onClick: () => setOpen(!isOpen),
    },
    icon(ICONS.up),
    el('span', { class: 'visually-hidden' }, 'Summary'),
  );
  const body = el('div', { class: 'answer' });
  const element = el(
    'div',
    { class: 'marked', role: 'group', 'aria-label': 'Marked points', hidden: true },
    el(
      'div',
      { class: 'marked__line' },
      words,
      button('CSV', 'Download the marked points as a table', () => save('csv')),
      button('JSON', 'Download the marked points as JSON', () => save('json')),
      button('Clear', 'Mark no points (Esc)', () => marks.set(null)),
      fold,
    ),
    body,
  );
  root.append(element);
  const summary = createSummary(body, marks);
  // Over a small map it would hide the points.
  let isOpen = (recall(memoryName()) ?? (isNarrow() ? 'folded' : 'open')) === 'open';
  cleanup.add(marks.onBrush(redraw));
  // A press here does not reach the map.
  for (const type of ['mousedown', 'touchstart', 'pointerdown', 'dblclick', 'pointermove', 'wheel'])
    cleanup.listen(element, type, (event) => event.stopPropagation());

  cleanup.listen(element, 'pointerenter', () => hover.set(null));

  /** @param {boolean} next */
  function setOpen(next) {
    isOpen = next;
    remember(memoryName(), next ? 'open' : 'folded');
    update();
  }

  function update() {
    const marked = marks.get();
    const tokens = facts.tokens.value;
    element.hidden = !marked || !tokens || marked.length !== 2 * tokens.n;
    const isShown = isOpen && !element.hidden;
    body.hidden = !isShown;
    element.classList.toggle('is-open', isShown);
    setAttribute(fold, 'aria-expanded', String(isShown));
    summary.update(isShown ? marked : null, tokens);
    if (!marked || !tokens || element.hidden) return;
    const { query, key } = countMarked(marked, tokens.n);
    setText(words, `${counted(query, 'query', 'queries')}, ${counted(key, 'key')}`);
  }

  /** @param {'csv' | 'json'} ending */
  function save(ending) {
    const marked = marks.get();
    const tokens = facts.tokens.value;
    const manifest = facts.description.value?.manifest;
    if (!marked || !tokens || !manifest) return;
    const state = store.get();
    const at = state.at ?? lassoed();
    /** @type {Subject} */
    const subject = {
      dataset: manifest.id,
      model: manifest.model.name,
      state: { ...state, method: shownMethod(state, facts.heads.value, at) },
      at,
    };
    const rows = markedRows(marked, tokens, placesOf(facts, state, at) ?? (() => null));
    const text = ending === 'csv' ? toCsv(subject, rows) : toJson(subject, rows);
    download(text, fileName(subject, ending, manifest.layers), TABLE_TYPES[ending]);
  }

  return {
    update,
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/** Where it covers much of the map, its state is stored apart. */
function memoryName() {
  return `marked-summary${isNarrow() ? '.narrow' : ''}`;
}

/** @param {string} text @param {string} title @param {() => void} onClick */
function button(text, title, onClick) {
  return el('button', { class: 'button button--small', type: 'button', title, onClick }, text);
}

/**
 * The positions of the points of the open head in the shown map; null until it is loaded.
 *
 * @param {Facts} facts
 * @param {State} state
 * @param {HeadId | null} at
 */
function placesOf(facts, state, at) {
  const tokens = facts.tokens.value;
  const manifest = facts.description.value?.manifest;
  if (!tokens || !manifest || !at) return null;
  const map = state.at ? facts.headMap.value : facts.grid.value;
  const drawn = state.at ? null : facts.gridTokens.value;
  if (
    !map ||
    !isOf(map, chosenMap(state), mapOf(facts.heads.value, at, chosenMap(state)), at) ||
    (!state.at && !drawn)
  )
    return null;
  const nPoints = 2 * (drawn ? drawn.length : tokens.n);
  const cell = state.at ? 0 : at.layer * manifest.n_heads + at.head;
  return placesIn({ positions: map.positions, nPoints, dims: map.dims }, cell, (point) =>
    drawnPoint(selectedAt(point, tokens.n), drawn, tokens.n),
  );
}

/**
 * Whether a loaded map is the chosen one, and not a former one while that is loading.
 *
 * @param {GridMap | HeadMap} map
 * @param {string | null} chosen
 * @param {string | null} own of the head
 * @param {HeadId} at
 */
function isOf(map, chosen, own, { layer, head }) {
  return 'at' in map
    ? map.name === own && map.at.layer === layer && map.at.head === head
    : map.name === chosen;
}
