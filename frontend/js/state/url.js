/** The address of the page says what is shown; this module reads and writes it. */

import { CHOICES, DEFAULTS, ENTRIES, NO_MARKS, REMEMBERED } from './choices.js';
import { marksOf, paneChoices, placeOf } from './pane_state.js';

/** @import { State } from '../page.js' */

/**
 * What an address says of one choice, or a part of it.
 *
 * @typedef {import('./codecs.js').Part<any> & {key: string, name: keyof State}} Part
 */

/** In the order they are written. @type {readonly Part[]} */
const PARTS = ENTRIES.flatMap(([name, { address = {} }]) =>
  Object.entries(address).map(([key, part]) => ({ ...part, key, name })),
);
/**
 * Choices that the browser remembers are a part of an address only where it was copied to show
 * exactly this picture.
 */
const APPEARANCE = PARTS.filter(({ name }) => REMEMBERED.includes(name));
const OTHERS = PARTS.filter(({ name }) => !REMEMBERED.includes(name));
/** Those that a second pane has for itself, and what stands before them there. */
const OF_PANE = PARTS.filter(({ name }) => CHOICES[name].pane);
const PANE = 'compare.';
/** All names; other modules read the last, once, when the page is opened. */
const KEYS = new Set([
  ...PARTS.map(({ key }) => key),
  ...OF_PANE.map(({ key }) => `${PANE}${key}`),
  'renderer',
]);

/**
 * Return the choices that a query string names, and one sentence for each part that says nothing.
 * Choices that it does not name have their defaults.
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
      beside: pane.dataset === choices.dataset ? NO_MARKS : marksOf(pane),
    });
  }
  return { choices, notices: wrong.map((key) => formatIgnored(key, parts)) };
}

/** @param {string} name */
function isAppearance(name) {
  return APPEARANCE.some((part) => part.name === name);
}

/**
 * The choices that parts of an address name, and the parts that have no meaning.
 *
 * @param {URLSearchParams} parts
 * @param {readonly Part[]} known
 * @param {boolean} [isMeant] whether they can have one at all
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
 * Return the query string that stands for these choices; choices at their default are left out.
 *
 * @param {State} state
 * @param {Pick<State, 'theme' | 'palette'> | null} [appearance] written only if given
 */
export function writeQuery(state, appearance = null) {
  const pane = state.compare && { ...state.compare, ...state.beside };
  const parts = [
    ...writeParts(state, OTHERS),
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

/** Whether an address says how the page looks. @param {string} query */
export function hasAppearance(query) {
  const parts = new URLSearchParams(query);
  return APPEARANCE.some(({ key }) => parts.has(key));
}

/** Whether an address can say which points are marked. @param {Pick<State, 'marked'>} state */
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
