/** The API client, with requests about the user's sequences answered locally. */

import { meanSpread } from '../compute/sequence_scores.js';
import { partnersOf, patternOf } from './pattern.js';
import { sequenceAt, startsOf } from '../data/user_layers.js';

/** @import { Api } from '../data/api.js' */
/** @import { HeadId } from '../page.js' */
/** @import { Answer, Layer } from './live.js' */
/** @import { UserSequences } from './user_sequences.js' */

/** Products that are computed at once for the table of sequences; what would take more says –. */
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
  const { n, nHeads, nLayers, dHead } = answer;
  const heads = at
    ? [at]
    : Array.from({ length: nLayers * nHeads }, (_, cell) => ({
        layer: Math.floor(cell / nHeads),
        head: cell % nHeads,
      }));
  if (heads.length * n * n * dHead > MAX_PRODUCTS) return [NaN, NaN, NaN];
  const all = heads.map((head) =>
    meanSpread(
      patternOf(answer, head, manifest.layers[head.layer]),
      n,
      manifest.layers[head.layer],
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
