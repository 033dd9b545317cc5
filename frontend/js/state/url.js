/** Reads and writes the query string, which holds the whole view. */

import { CHOICES, DEFAULTS, ENTRIES, NO_MARKS, REMEMBERED } from './choices.js';
import { areMarksShared, marksOf, paneChoices, placeOf } from './pane_state.js';

/** @import { State } from '../page.js' */

/**
 * A query parameter: one choice or a part of it.
 *
 * @typedef {import('./codecs.js').Part<any> & {key: string, name: keyof State}} Part
 */

/** In the order they are written. @type {readonly Part[]} */
const PARTS = ENTRIES.flatMap(([name, { address = {} }]) =>
  Object.entries(address).map(([key, part]) => ({ ...part, key, name })),
);
/**
 * Appearance, which the browser remembers, is part of an address only if that was copied for the
 * exact view.
 */
const APPEARANCE = PARTS.filter(({ name }) => REMEMBERED.includes(name));
const OTHERS = PARTS.filter(({ name }) => !REMEMBERED.includes(name));
/** Parameters per pane, and their prefix for the second pane. */
const OF_PANE = PARTS.filter(({ name }) => CHOICES[name].pane);
const PANE = 'compare.';
/** All parameter names; the last ones are read by other modules when the page opens. */
const KEYS = new Set([
  ...PARTS.map(({ key }) => key),
  ...OF_PANE.map(({ key }) => `${PANE}${key}`),
  'renderer',
]);

/**
 * Return the choices of a query string and one notice for each invalid part. Missing choices have
 * their defaults.
 *
 * @param {string} query such as "?dataset=demo-bert&layer=3&head=7"
 * @returns {{choices: Partial<State>, notices: string[]}}
 */
export function readQuery(query) {
  const parts = new URLSearchParams(query);
  const second = new URLSearchParams(
    [...parts].flatMap(([key, value]) =>
      key.startsWith(PANE) ? [[key.slice(PANE.length), value]] : [],
    ),
  );
  const first = readParts(parts, PARTS);
  const other = readParts(second, OF_PANE, second.has('dataset'));
  const wrong = [
    ...[...new Set(parts.keys())].filter((key) => !KEYS.has(key)),
    ...first.wrong,
    ...other.wrong.map((key) => `${PANE}${key}`),
  ];
  const defaults = Object.entries(DEFAULTS).filter(([name]) => !isAppearance(name));
  /** @type {Partial<State>} */
  const choices = { ...Object.fromEntries(defaults), ...first.choices };
  if (other.choices.dataset) {
    const pane = { ...paneChoices(DEFAULTS), ...other.choices };
    Object.assign(choices, {
      compare: placeOf(pane),
    });
    Object.assign(choices, {
      beside: areMarksShared(/** @type {State} */ (choices)) ? NO_MARKS : marksOf(pane),
    });
  }
  return { choices, notices: wrong.map((key) => formatIgnored(key, parts)) };
}

/** @param {string} name */
function isAppearance(name) {
  return APPEARANCE.some((part) => part.name === name);
}

/**
 * Parse parts of an address into choices and invalid parts.
 *
 * @param {URLSearchParams} parts
 * @param {readonly Part[]} known
 * @param {boolean} [isMeant] whether the parts can be valid at all
 */
function readParts(parts, known, isMeant = true) {
  /** @type {Record<string, unknown>} */
  const choices = {};
  const wrong = [];
  for (const { key, name, needs, read } of known) {
    const value = parts.get(key);
    if (value === null) continue;
    const isAlone = needs !== undefined && !needs.some((other) => parts.has(other));
    const found = isMeant && !isAlone ? read?.(value, parts) : undefined;
    if (found !== undefined) choices[name] = found;
    else if (read || isAlone) wrong.push(key);
  }
  return { choices: /** @type {Partial<State>} */ (choices), wrong };
}

/**
 * Return the query string of the choices; defaults are omitted.
 *
 * @param {State} state
 * @param {Pick<State, 'theme' | 'palette'> | null} [appearance] written only if given
 */
export function writeQuery(state, appearance = null) {
  const pane = state.compare && { ...state.compare, ...state.beside };
  const parts = [
    ...writeParts(pane ? state : { ...state, locked: null }, OTHERS),
    ...(pane ? writeParts(pane, OF_PANE).map(([key, value]) => [`${PANE}${key}`, value]) : []),
    ...(appearance ? writeParts(appearance, APPEARANCE) : []),
  ];
  const text = new URLSearchParams(parts).toString();
  return text ? `?${text}` : '';
}

/** @param {Partial<State>} choices @param {readonly Part[]} known @returns {string[][]} */
function writeParts(choices, known) {
  /** @type {string[][]} */
  const parts = [];
  for (const { key, name, needs, write } of known) {
    const value = choices[name];
    if (value === DEFAULTS[name] && !isAppearance(name)) continue;
    if (needs && !parts.some(([other]) => needs.includes(other))) continue;
    for (const one of [write(value) ?? []].flat()) parts.push([key, String(one)]);
  }
  return parts;
}

/** Whether an address sets the appearance. @param {string} query */
export function hasAppearance(query) {
  const parts = new URLSearchParams(query);
  return APPEARANCE.some(({ key }) => parts.has(key));
}

/** Whether the marked points fit into an address. @param {Pick<State, 'marked'>} state */
export function fitsMarked({ marked }) {
  return CHOICES.marked.address?.marked.write(marked) !== null;
}

/** @param {string} key @param {URLSearchParams} parts */
function formatIgnored(key, parts) {
  return (
    `The address says ${clip(key)}=${clip(parts.get(key) ?? '')}, which means nothing here; ` +
    'it was ignored.'
  );
}

/** @param {string} text */
function clip(text) {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
