/**
 * Answers of a small model as a server writes them: two layers, two heads, one key head a layer,
 * two numbers a head.
 */

const CODES = { Float32Array: 'F32', Int32Array: 'I32', Uint8Array: 'U8' };

export const MANIFEST = Object.freeze({
  id: 'd',
  model: { name: 'tiny', modality: 'text', weights_sha256: 'abc' },
  n_layers: 2,
  n_heads: 2,
  n_key_heads: 1,
  d_head: 2,
  n_tokens: 4,
  n_sequences: 2,
  maps: { 'pca-2d': { dims: 2 }, 'tsne-3d': { dims: 3 } },
  patch_grid: null,
  keep_vectors: { choice: 'all' },
  layers: [
    { scaling: 1, is_causal: false, max_distance: null },
    { scaling: 1, is_causal: true, max_distance: null },
  ],
});

/**
 * A file of named arrays.
 *
 * @param {Record<string, [number[], Float32Array | Int32Array | Uint8Array]>} tensors
 * @param {Record<string, unknown>} facts
 */
export function safetensors(tensors, facts = {}) {
  const header = {
    __metadata__: Object.fromEntries(
      Object.entries(facts).map(([name, fact]) => [name, JSON.stringify(fact)]),
    ),
  };
  let end = 0;
  for (const [name, [shape, values]] of Object.entries(tensors)) {
    header[name] = {
      dtype: CODES[values.constructor.name],
      shape,
      data_offsets: [end, end + values.byteLength],
    };
    end += values.byteLength;
  }
  const head = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + head.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  let at = 8 + head.length;
  for (const [, values] of Object.values(tensors)) {
    bytes.set(new Uint8Array(values.buffer), at);
    at += values.byteLength;
  }
  return bytes.buffer;
}

/** Numbers that count up from a start. @param {number} n @param {number} from @param {number} by */
const counted = (n, from = 0, by = 1) => Float32Array.from({ length: n }, (_, i) => from + by * i);

/**
 * What the server answers for some tokens; every number says its place.
 *
 * @param {readonly string[]} text
 * @param {object} [other]
 */
export function answerParts(
  text,
  { maps = ['pca-2d'], weights = 'abc', placed = 'exact', from = 100 } = {},
) {
  const n = text.length;
  const tensors = {
    queries: [[2, 2, n, 2], counted(8 * n)],
    keys: [[2, 1, n, 2], counted(4 * n, 1)],
    norms: [[2, 2, n, 4], counted(16 * n, 1)],
    partner_tokens: [[2, 2, 2 * n, 3], Int32Array.from({ length: 24 * n }, (_, i) => i % 4)],
    partner_scores: [[2, 2, 2 * n, 3], counted(24 * n, 9, -0.25)],
  };
  for (const map of maps) {
    const { dims } = MANIFEST.maps[map];
    tensors[`place:${map}`] = [[2, 2, 2 * n, dims], counted(4 * 2 * n * dims, from)];
  }
  const columns = {
    text,
    token_id: text.map((_, i) => 50 + i),
    token_type: text.map((word) => (word.startsWith('[') ? 'special' : 'text')),
    position: text.map((_, i) => i),
  };
  const facts = {
    sequence: { tokens: columns, n_truncated: 0, model: 'tiny', weights_sha256: weights },
    maps: Object.fromEntries(maps.map((map) => [map, { placed, n_outside: 0 }])),
  };
  return { tensors, facts };
}

/** @param {readonly string[]} text @param {object} [other] */
export function answerOf(text, other) {
  const { tensors, facts } = answerParts(text, other);
  return safetensors(tensors, facts);
}
