/**
 * Adds the user's sequences to a dataset: answers requests about them from the model's response,
 * and appends them to the facts of the corpus.
 */

import { mapOf } from '../data/best_map.js';
import { sequenceAt, startsOf } from '../data/user_layers.js';
import { partOf } from '../compute/head_attention.js';
import { headsOf } from '../compute/model_heads.js';
import { ruleOfHead } from '../compute/score_rule.js';
import { meanSpread } from '../compute/sequence_scores.js';
import { appendDrawn, appendPositions, appendRows, appendTokens, insertPoints } from './append.js';
import { normsOf, partnersOf, patternOf, scoresOf } from './pattern.js';

/** @import { Api } from '../data/api.js' */
/** @import { Facts, GridMap, HeadId, HeadMap } from '../page.js' */
/** @import { Answer, Layer } from './live.js' */
/** @import { UserSequences } from './user_sequences.js' */

const SPRITE_BYTES = 8 * 8 * 3;
/** Maximum number of products for all heads of a sequence; what needs more is not shown. */
const MAX_PRODUCTS = 5e7;

/**
 * @param {Api} api
 * @param {Pick<UserSequences, 'layerOf'>} userSequences
 * @returns {Api}
 */
export function createApiOverlay(api, userSequences) {
  const imageUrls = createImageUrls();

  /** @param {string} id @param {number} sequence */
  function answerOf(id, sequence) {
    const layer = userSequences.layerOf(id);
    return layer?.sequences[sequence - layer.firstSequence]?.answer ?? null;
  }

  return {
    ...api,
    async attention(id, at, sequence, weight, signal) {
      const layer = userSequences.layerOf(id);
      const answer = answerOf(id, sequence);
      if (!layer || !answer) return api.attention(id, at, sequence, weight, signal);
      return {
        at,
        sequence,
        weight,
        n: answer.n,
        pattern: patternOf(answer, at, layer.manifest.layers[at.layer], weight),
      };
    },
    async sequencePatterns(id, sequence, weight, of, signal) {
      const layer = userSequences.layerOf(id);
      const answer = answerOf(id, sequence);
      if (!layer || !answer) return api.sequencePatterns(id, sequence, weight, of, signal);
      const { n, nHeads, nLayers, dHead } = answer;
      const heads = headsOf(layer.manifest);
      if (heads.length * n * n * dHead > MAX_PRODUCTS)
        throw new Error(`${n} tokens are too many for all heads at once; open a head.`);
      const part = partOf(heads.length, n, of && [of.kind, of.position]);
      const values = new Float32Array(nLayers * nHeads * part.size);
      for (const at of heads) {
        const pattern = patternOf(answer, at, layer.manifest.layers[at.layer], weight);
        values.set(part.of(pattern), (at.layer * nHeads + at.head) * part.size);
      }
      return { nLayers, nHeads, side: part.side, values };
    },
    async partners(id, at, point, k, signal) {
      const layer = userSequences.layerOf(id);
      if (!layer) return api.partners(id, at, point, k, signal);
      const { firstToken, n } = layer;
      const isQuery = point < firstToken + n;
      const token = isQuery ? point : point - firstToken - n;
      if (token < firstToken)
        return api.partners(id, at, isQuery ? token : firstToken + token, k, signal);
      const found = sequenceAt(layer, token);
      const { answer } = layer.sequences[found];
      return partnersOf(answer, at, token - startsOf(layer)[found] + (isQuery ? 0 : answer.n), k);
    },
    async sequenceScores(id, at, signal) {
      const answer = await api.sequenceScores(id, at, signal);
      const layer = userSequences.layerOf(id);
      return layer
        ? {
            ...answer,
            scores: Float32Array.from([
              ...answer.scores,
              ...layer.sequences.flatMap((one) => spreads(one.answer, layer, at)),
            ]),
          }
        : answer;
    },
    imageUrl(id, sequence) {
      const answer = answerOf(id, sequence);
      return answer ? imageUrls(answer) : api.imageUrl(id, sequence);
    },
    thumbnailUrl(id, sequence) {
      const answer = answerOf(id, sequence);
      return answer ? imageUrls(answer) : api.thumbnailUrl(id, sequence);
    },
  };
}

/**
 * Keys for 90 %, entropy and rows of a user sequence, of one head or as the mean over all.
 *
 * @param {Answer} answer
 * @param {Layer} layer
 * @param {HeadId | null} at
 */
function spreads(answer, { manifest }, at) {
  const { n, dHead } = answer;
  const heads = at ? [at] : headsOf(manifest);
  if (heads.length * n * n * dHead > MAX_PRODUCTS) return [NaN, NaN, NaN];
  const all = heads.map((head) =>
    meanSpread(
      patternOf(answer, head, manifest.layers[head.layer]),
      n,
      ruleOfHead(manifest.layers[head.layer], head.head),
    ),
  );
  const mean = [0, 1].map((part) => all.reduce((sum, one) => sum + one[part], 0) / all.length);
  return [...mean, all.reduce((sum, one) => sum + one[2], 0)];
}

/** Return the address of the image of an answer, made once. */
function createImageUrls() {
  /** @type {WeakMap<Uint8Array, string>} */
  const made = new WeakMap();
  return (/** @type {Answer} */ { image }) => {
    if (!image) return '';
    const { width, height, rgb } = image;
    const known = made.get(rgb);
    if (known) return known;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const pixels = new ImageData(width, height);
    for (let at = 0; at < width * height; at++) {
      pixels.data.set(rgb.subarray(3 * at, 3 * at + 3), 4 * at);
      pixels.data[4 * at + 3] = 255;
    }
    canvas.getContext('2d')?.putImageData(pixels, 0, 0);
    const url = canvas.toDataURL();
    made.set(rgb, url);
    return url;
  };
}

/** @param {Uint8Array} value @param {Layer} layer */
function addWithoutNorm(value, layer) {
  return insertPoints(value, cellsOf(layer), 1, layer.n, () => {});
}

/** @typedef {(value: any, layer: Layer, facts: Facts, key: string) => any} Extend */

/** How facts are extended. @type {Partial<Record<keyof Facts, Extend>>} */
const EXTENDED = {
  tokens: (value, layer) => appendTokens(value, layer),
  gridTokens: (value, layer) => appendDrawn(value, layer),
  grid: extendGrid,
  // bytes are scaled between the norms of the corpus: not defined for other sequences
  gridNorms: addWithoutNorm,
  gridSharedNorms: addWithoutNorm,
  headMap: extendHead,
  headNorms: (value, layer, _facts, key) =>
    appendRows(
      value,
      layer.sequences.map(({ answer }) => normsOf(answer, headOf(key))),
    ),
  tokenScores: (value, layer, _facts, key) =>
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
 * Extended facts, by what the server answered; shared by all panes.
 *
 * @type {WeakMap<object, {layer: Layer, heads: unknown, result: unknown}>}
 */
const cache = new WeakMap();

/**
 * Return a fact with what belongs to the user's sequences.
 *
 * @template T
 * @param {keyof Facts} name
 * @param {T} value
 * @param {string} key that it is the answer to
 * @param {Facts} facts
 * @param {UserSequences['layerOf']} layerOf
 * @returns {T}
 */
export function extendFact(name, value, key, facts, layerOf) {
  const extend = EXTENDED[name];
  const layer = extend ? layerOf(facts.description.value?.id) : null;
  if (!extend || !layer) return value;
  const heads = facts.heads.value;
  const cached = cache.get(/** @type {any} */ (value));
  if (cached?.layer === layer && cached.heads === heads) return /** @type {T} */ (cached.result);
  const result = extend(value, layer, facts, key);
  cache.set(/** @type {any} */ (value), { layer, heads, result });
  return result;
}

/** @param {Layer} layer */
function cellsOf({ manifest }) {
  return manifest.n_layers * manifest.n_heads;
}

/** @param {GridMap} grid @param {Layer} layer @param {Facts} facts @returns {GridMap} */
function extendGrid(grid, layer, facts) {
  const nHeads = layer.manifest.n_heads;
  const cells = Array.from({ length: cellsOf(layer) }, (_, cell) => ({
    cell,
    map: grid.ready[cell]
      ? mapOf(
          facts.heads.value,
          { layer: Math.floor(cell / nHeads), head: cell % nHeads },
          grid.name,
        )
      : null,
  }));
  return { ...grid, ...appendPositions(grid.positions, grid.dims, layer, cells) };
}

/** @param {HeadMap} map @param {Layer} layer @returns {HeadMap} */
function extendHead(map, layer) {
  const cell = map.at.layer * layer.manifest.n_heads + map.at.head;
  return { ...map, ...appendPositions(map.positions, map.dims, layer, [{ cell, map: map.name }]) };
}

/** The head that a key ends with. @param {string} key @returns {HeadId} */
function headOf(key) {
  const [, layer, head] = /(\d+),(\d+)$/.exec(key) ?? [];
  return { layer: Number(layer), head: Number(head) };
}
