/**
 * Parses the response for a text or an image and checks it against the dataset.
 */

import { readTokens } from '../data/tokens.js';
import { DecodeError } from '../compute/decode.js';
import { readSafetensors } from './safetensors.js';

/** @import { Manifest } from '../page.js' */
/** @import { Answer, Places } from './live.js' */
/** @import { Tensor } from './safetensors.js' */

const NORMS = 4;
const SPRITE = [8, 8, 3];

/**
 * @param {ArrayBuffer} buffer
 * @param {Manifest} manifest of the dataset
 * @param {string} text of the sequence, as it is to be called
 * @returns {Answer}
 * @throws {DecodeError} If it is malformed, or of another model.
 */
export function readAnswer(buffer, manifest, text) {
  const { facts, tensors } = readSafetensors(buffer);
  const sequence = readFact(facts, 'sequence');
  const weights = manifest.model.weights_sha256;
  if (sequence.weights_sha256 !== weights)
    throw new DecodeError(
      `the answer is of other weights (${String(sequence.weights_sha256).slice(0, 12)}) than ` +
        `the dataset (${weights.slice(0, 12)})`,
    );
  const n = Array.isArray(sequence.tokens?.text) ? sequence.tokens.text.length : 0;
  if (n === 0) throw new DecodeError('the answer has no tokens');
  const { n_layers: nLayers, n_heads: nHeads, n_key_heads: nKeyHeads, d_head: dHead } = manifest;
  /** @param {string} name @param {number[]} shape */
  const floats = (name, shape) => valuesOf(tensors, name, shape, Float32Array);
  const queries = floats('queries', [nLayers, nHeads, n, dHead]);
  const nPartners = tensors.get('partner_tokens')?.shape[3] ?? 0;
  return {
    n,
    nLayers,
    nHeads,
    nKeyHeads,
    dHead,
    queries,
    nPartners,
    columns: columnsOf(sequence.tokens, n, text),
    nTruncated: Number(sequence.n_truncated ?? 0),
    keys: floats('keys', [nLayers, nKeyHeads, n, dHead]),
    norms: floats('norms', [nLayers, nHeads, n, NORMS]),
    places: placesOf(readFact(facts, 'maps'), tensors, manifest, n),
    partnerTokens: valuesOf(
      tensors,
      'partner_tokens',
      [nLayers, nHeads, 2 * n, nPartners],
      Int32Array,
    ),
    partnerScores: floats('partner_scores', [nLayers, nHeads, 2 * n, nPartners]),
    sprites: tensors.has('sprites')
      ? valuesOf(tensors, 'sprites', [n, ...SPRITE], Uint8Array)
      : null,
    image: imageOf(tensors.get('picture')),
  };
}

/** @param {Record<string, string>} facts @param {string} name @returns {Record<string, any>} */
function readFact(facts, name) {
  try {
    const fact = JSON.parse(facts[name]);
    if (typeof fact === 'object' && fact !== null) return fact;
  } catch {
    // reported below
  }
  throw new DecodeError(`the answer does not tell its ${name}`);
}

/**
 * The tokens, like those of a dataset with one sequence.
 *
 * @param {Record<string, any>} tokens
 * @param {number} n
 * @param {string} text
 */
function columnsOf(tokens, n, text) {
  /** @param {string} name @param {(at: number) => unknown} given where the answer says nothing */
  const column = (name, given) =>
    Array.isArray(tokens[name]) && tokens[name].length === n
      ? tokens[name]
      : Array.from({ length: n }, (_, at) => given(at));
  return readTokens({
    ...tokens,
    token_id: column('token_id', () => -1),
    token_type: column('token_type', () => 'text'),
    position: column('position', (at) => at),
    sequence: new Array(n).fill(0),
    sequences: { start: [0], length: [n], text: [text], columns: {} },
  });
}

/**
 * @param {Record<string, any>} maps
 * @param {Map<string, Tensor>} tensors
 * @param {Manifest} manifest
 * @param {number} n
 */
function placesOf(maps, tensors, manifest, n) {
  /** @type {Map<string, Places>} */
  const places = new Map();
  for (const [name, { placed, n_outside: nOutside }] of Object.entries(maps)) {
    const dims = manifest.maps[name]?.dims;
    if (!dims) continue;
    const steps = valuesOf(
      tensors,
      `place:${name}`,
      [manifest.n_layers, manifest.n_heads, 2 * n, dims],
      Float32Array,
    );
    if (!steps.every(Number.isFinite))
      throw new DecodeError(`a point of the map ${name} has no place`);
    places.set(name, {
      dims,
      steps,
      placed: placed === 'exact' ? 'exact' : 'neighbours',
      nOutside: Number(nOutside ?? 0),
    });
  }
  return places;
}

/**
 * @template {Float32Array | Int32Array | Uint8Array} T
 * @param {Map<string, Tensor>} tensors
 * @param {string} name
 * @param {number[]} shape
 * @param {{new (length: number): T, readonly name: string}} Values
 * @returns {T}
 */
function valuesOf(tensors, name, shape, Values) {
  const found = tensors.get(name);
  if (!found) throw new DecodeError(`the answer has no ${name}`);
  if (!(found.values instanceof Values) || found.shape.join() !== shape.join())
    throw new DecodeError(
      `${name} is ${found.dtype} of shape ${found.shape.join(' × ')}, not ${Values.name} of ` +
        `${shape.join(' × ')}`,
    );
  return found.values;
}

/** @param {Tensor | undefined} image */
function imageOf(image) {
  if (!image) return null;
  const [height, width, channels] = image.shape;
  if (!(image.values instanceof Uint8Array) || channels !== 3 || image.shape.length !== 3)
    throw new DecodeError(`the image is ${image.dtype} of shape ${image.shape.join(' × ')}`);
  return { width, height, rgb: image.values };
}
