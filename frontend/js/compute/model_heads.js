/**
 * The heads of a model, whose layers may have different numbers of heads, or none. A cell is a
 * place for a head, layer by layer, as many in each as the layer with most heads has.
 */

import { rowLabel, rowName } from './head_parts.js';

/** @import { HeadId } from '../page.js' */

/**
 * @typedef {{n_layers: number, n_heads: number, layers?: readonly {n_heads?: number, n_key_heads?:
 *   number, d_head?: number, absent?: string}[]}} Model
 */
/** The rows of a grid, layer by layer: of layers with heads, and what is said between them. */
/** @typedef {{layers: number[], notes: string[]}} LayerRows */

/** Number of heads of a layer. @param {Model} model @param {number} layer */
export function headsIn({ n_layers: nLayers, n_heads: nHeads, layers }, layer) {
  return layer >= 0 && layer < nLayers ? (layers?.[layer]?.n_heads ?? nHeads) : 0;
}

/** @param {Model} model @param {HeadId} at */
export function hasHead(model, { layer, head }) {
  return head >= 0 && head < headsIn(model, layer);
}

/** @type {WeakMap<Model, Int32Array>} */
const known = new WeakMap();

/** The cells that have a head, in order. @param {Model} model */
export function cellsOfHeads(model) {
  let cells = known.get(model);
  if (cells) return cells;
  const { n_layers: nLayers, n_heads: nHeads } = model;
  cells = Int32Array.from({ length: nLayers * nHeads }, (_, cell) => cell).filter(
    (cell) => cell % nHeads < headsIn(model, Math.floor(cell / nHeads)),
  );
  known.set(model, cells);
  return cells;
}

/** Every head, layer by layer. @param {Model} model @returns {HeadId[]} */
export function headsOf(model) {
  const { n_heads: nHeads } = model;
  return Array.from(cellsOfHeads(model), (cell) => ({
    layer: Math.floor(cell / nHeads),
    head: cell % nHeads,
  }));
}

/** Number of heads of all layers. @param {Model} model */
export function countHeads(model) {
  return cellsOfHeads(model).length;
}

/** Whether all layers have the same number of heads. @param {Model} model */
export function isUniform(model) {
  return countHeads(model) === model.n_layers * model.n_heads;
}

/** Which cells have a head: 1, else 0. @param {Model} model */
export function headMask(model) {
  const mask = new Uint8Array(model.n_layers * model.n_heads);
  for (const cell of cellsOfHeads(model)) mask[cell] = 1;
  return mask;
}

/**
 * Why there is no such head; null if there is.
 *
 * @param {Model} model
 * @param {HeadId} at
 */
export function whyMissing(model, at) {
  const { layer, head } = at;
  if (hasHead(model, at)) return null;
  if (!(layer >= 0 && layer < model.n_layers))
    return `Layer ${layer} is outside 0..${model.n_layers - 1}`;
  const absent = model.layers?.[layer]?.absent;
  const row = rowLabel(model.layers, layer);
  if (absent) return `${row} has no heads: ${absent}`;
  const n = headsIn(model, layer);
  const ofRow = n < model.n_heads ? ` of ${row[0].toLowerCase()}${row.slice(1)}` : '';
  return `Head ${head} is outside 0..${n - 1}${ofRow}`;
}

/**
 * The layers that have heads, and above each of them, and below the last, which layers have none.
 *
 * @param {Model} model
 * @returns {LayerRows} one note more than layers; '' where nothing is to be said
 */
export function layerRows(model) {
  /** @type {LayerRows} */
  const rows = { layers: [], notes: [] };
  /** @type {{first: number, last: number, reason: string}[]} */
  let runs = [];
  const close = () => {
    rows.notes.push(runs.map((run) => formatRun(run, model)).join(' · '));
    runs = [];
  };
  for (let layer = 0; layer < model.n_layers; layer++) {
    if (headsIn(model, layer) > 0) {
      close();
      rows.layers.push(layer);
      continue;
    }
    const reason = model.layers?.[layer]?.absent ?? '';
    const run = runs.at(-1);
    if (run?.reason === reason) run.last = layer;
    else runs.push({ first: layer, last: layer, reason });
  }
  close();
  return rows;
}

/** @param {{first: number, last: number, reason: string}} run @param {Model} model */
function formatRun({ first, last, reason }, { layers }) {
  const end = last > first ? `–${rowName(layers, last)}` : '';
  return `${rowName(layers, first)}${end} ${reason}`;
}

/**
 * How many layers have no heads, by reason.
 *
 * @param {Model} model
 * @returns {Map<string, number>}
 */
export function countAbsent({ layers = [] }) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { absent } of layers) if (absent) counts.set(absent, (counts.get(absent) ?? 0) + 1);
  return counts;
}

/**
 * The cells in the order of a grid layer by layer, where layers without heads have no row; -1 where
 * a layer has fewer heads. Null if each cell is in the place of its number.
 *
 * @param {Model} model
 * @returns {Int32Array | null}
 */
export function layeredOrder(model) {
  if (isUniform(model)) return null;
  const { n_heads: nHeads } = model;
  const order = layerRows(model).layers.flatMap((layer) =>
    Array.from({ length: nHeads }, (_, head) =>
      head < headsIn(model, layer) ? layer * nHeads + head : -1,
    ),
  );
  return Int32Array.from(order);
}
