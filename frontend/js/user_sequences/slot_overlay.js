/**
 * The facts of a dataset with the user's sequences behind those of the corpus. Answers of the
 * server stay as they are; what is seen of them is put together anew whenever either changes, and
 * kept until then.
 */

import { mapOf } from '../data/best_map.js';
import { appendDrawn, appendPositions, appendRows, appendTokens, insertPoints } from './append.js';
import { normsOf, patternOf, scoresOf } from './pattern.js';

/** @import { Facts, GridMap, HeadId, HeadMap, Slot } from '../page.js' */
/** @import { Layer } from './live.js' */
/** @import { UserSequences } from './user_sequences.js' */

const SPRITE_BYTES = 8 * 8 * 3;

/**
 * A slot that shows more than it holds.
 *
 * @typedef {(value: any, layer: Layer, raw: Facts, key: string) => any} Extend
 */

/** @type {Partial<Record<keyof Facts, Extend>>} */
const EXTENDED = {
  tokens: (value, layer) => appendTokens(value, layer),
  gridTokens: (value, layer) => appendDrawn(value, layer),
  grid: extendGrid,
  // a byte says a share of what is between the norms of the corpus: unknown for others
  gridNorms: (value, layer) => insertPoints(value, cellsOf(layer), 1, layer.n, () => {}),
  headMap: extendHead,
  headNorms: (value, layer, _raw, key) =>
    appendRows(
      value,
      layer.sequences.map(({ answer }) => normsOf(answer, headOf(key))),
    ),
  tokenScores: (value, layer, _raw, key) =>
    appendRows(
      value,
      layer.sequences.map(({ answer }) =>
        scoresOf(
          patternOf(answer, headOf(key), layer.manifest.layers[headOf(key).layer]),
          answer.n,
        ),
      ),
    ),
  patches: (value, layer) =>
    appendRows(
      value,
      layer.sequences.map(
        ({ answer: { n, sprites } }) => sprites ?? new Uint8Array(n * SPRITE_BYTES),
      ),
    ),
};

/**
 * What was put together, by what the server said; shared by all panes.
 *
 * @type {WeakMap<object, {layer: Layer, heads: unknown, result: unknown}>}
 */
const cache = new WeakMap();

/**
 * @param {Facts} raw
 * @param {Pick<UserSequences, 'layerOf'>} userSequences
 * @returns {Facts}
 */
export function createSlotOverlay(raw, userSequences) {
  const names = /** @type {(keyof Facts)[]} */ (Object.keys(raw));
  return /** @type {any} */ (
    Object.freeze(
      Object.fromEntries(
        names.map((name) => {
          const extend = EXTENDED[name];
          return [name, extend ? extended(raw[name], extend) : raw[name]];
        }),
      ),
    )
  );

  /** @param {Slot<any>} slot @param {Extend} extend @returns {Slot<any>} */
  function extended(slot, extend) {
    return {
      what: slot.what,
      get key() {
        return slot.key;
      },
      get status() {
        return slot.status;
      },
      get error() {
        return slot.error;
      },
      get value() {
        const { key, value } = slot;
        const layer = value === null ? null : userSequences.layerOf(raw.description.value?.id);
        if (value === null || !layer || key === null) return value;
        const cached = cache.get(value);
        const heads = raw.heads.value;
        if (cached && cached.layer === layer && cached.heads === heads) return cached.result;
        const result = extend(value, layer, raw, key);
        cache.set(value, { layer, heads, result });
        return result;
      },
      want: slot.want,
      drop: slot.drop,
      again: slot.again,
      answerTo: slot.answerTo,
    };
  }
}

/** @param {Layer} layer */
function cellsOf({ manifest }) {
  return manifest.n_layers * manifest.n_heads;
}

/** @param {GridMap} grid @param {Layer} layer @param {Facts} raw @returns {GridMap} */
function extendGrid(grid, layer, raw) {
  const nHeads = layer.manifest.n_heads;
  const cells = Array.from({ length: cellsOf(layer) }, (_, cell) => ({
    cell,
    map: grid.ready[cell]
      ? mapOf(raw.heads.value, { layer: Math.floor(cell / nHeads), head: cell % nHeads }, grid.name)
      : null,
  }));
  return { ...grid, ...appendPositions(grid.positions, grid.dims, layer, cells) };
}

/** @param {HeadMap} map @param {Layer} layer @returns {HeadMap} */
function extendHead(map, layer) {
  const cell = map.at.layer * layer.manifest.n_heads + map.at.head;
  return { ...map, ...appendPositions(map.positions, map.dims, layer, [{ cell, map: map.name }]) };
}

/** The head that an answer is of, from what was asked. @param {string} key @returns {HeadId} */
function headOf(key) {
  const [, layer, head] = /(\d+),(\d+)$/.exec(key) ?? [];
  return { layer: Number(layer), head: Number(head) };
}
