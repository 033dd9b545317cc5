/**
 * Replaces the server on an exported site: reads the files that `attentionviz export` wrote, and
 * computes here what a server computes from queries and keys.
 */

import {
  aggregate,
  aggregates,
  attention,
  NotThereError,
  partners,
  sequencePatterns,
  tokenScores,
} from '../compute/head_attention.js';
import { headMask } from '../compute/model_heads.js';
import { readNpy } from '../compute/npy.js';
import { pairs } from '../compute/pair_scores.js';
import { sequenceScores } from '../compute/sequence_scores.js';
import { startsOf } from '../compute/columns.js';
import { createVectors } from './vectors.js';

/** @import { Description, HeadId } from '../page.js' */
/** @import { Computed, Site } from '../compute/head_attention.js' */

/** A computation yields to the event loop after this time. */
const SLICE_MS = 12;

/**
 * Computed responses, by the address below the dataset.
 *
 * @type {[RegExp, (site: Site, at: HeadId, last: number) => Promise<Computed | object>][]}
 */
const COMPUTED = [
  [/^heads\/(\d+)\/(\d+)\/attention\/(\d+)$/, attention],
  [/^heads\/(\d+)\/(\d+)\/aggregate$/, aggregate],
  [/^heads\/aggregate$/, aggregates],
  [/^heads\/attention\/(\d+)$/, (site, _, last) => sequencePatterns(site, last)],
  [/^heads\/pairs$/, pairs],
  [/^sequences\/scores$/, sequenceScores],
  [/^heads\/(\d+)\/(\d+)\/token_scores$/, tokenScores],
  [/^heads\/(\d+)\/(\d+)\/neighbours\/(\d+)$/, partners],
];

/**
 * Return the replacement of `fetch`.
 *
 * @param {string | URL} base where the page lies
 * @param {typeof fetch} [ask]
 * @returns {typeof fetch}
 */
export function createSite(base, ask = (...parts) => fetch(...parts)) {
  const root = new URL('api/v1/', base);
  const vectors = createVectors(read);
  /**
   * Description and sequences by dataset.
   *
   * @type {Map<
   *   string,
   *   Pick<Site, 'manifest' | 'starts' | 'lengths' | 'nSource' | 'hasVectors'>
   * >}
   */
  const corpora = new Map();
  /** @type {Map<string, Promise<ReturnType<typeof readNpy>>>} */
  const files = new Map();

  /** @param {string} path @param {AbortSignal | null} [signal] */
  async function read(path, signal) {
    const answer = await ask(new URL(path, root), { signal });
    if (!answer.ok) throw new NotThereError(`This site was exported without ${path}.`);
    return answer;
  }

  /**
   * Some texts. All of them are read at the first, since not every web host sends parts of a file.
   *
   * @param {string} path
   * @param {number} start
   * @param {number} stop
   */
  async function textsOf(path, start, stop) {
    const [bytes, ends] = await Promise.all([path, `${path}_end`].map(fileAt));
    const first = start === 0 ? 0 : ends.values[start - 1];
    const values = bytes.values.subarray(first, stop === 0 ? 0 : ends.values[stop - 1]);
    return { dtype: bytes.dtype, shape: [values.length], values };
  }

  /** An array that is kept. @param {string} path */
  function fileAt(path) {
    const known =
      files.get(path) ??
      read(`${path}.npy`).then(async (answer) => readNpy(await answer.arrayBuffer()));
    files.set(path, known);
    known.catch(() => files.delete(path));
    return known;
  }

  /** @param {string} dataset */
  async function corpusOf(dataset) {
    const known = corpora.get(dataset);
    if (known) return known;
    const { manifest } = /** @type {Description} */ (await (await read(`${dataset}.json`)).json());
    if (!manifest) throw new NotThereError('The dataset has no manifest.');
    /** @param {string} name */
    const ints = async (name) => {
      const answer = await read(`${dataset}/sequences/${name}.npy`);
      return Int32Array.from(readNpy(await answer.arrayBuffer()).values);
    };
    const lengths = await ints('length');
    const hasParts = manifest.layers.some(({ part }) => part !== undefined);
    const stored = await vectors.storedTokens(manifest);
    const starts = startsOf(lengths);
    const found = {
      manifest,
      starts,
      hasVectors: Uint8Array.from(starts, (start) => Number(stored?.has(start) ?? true)),
      lengths,
      nSource: hasParts ? await ints('n_source') : null,
    };
    corpora.set(dataset, found);
    return found;
  }

  return async (address, options) => {
    const url = new URL(String(address));
    const path = decodeURIComponent(url.pathname.slice(root.pathname.length));
    const signal = options?.signal ?? new AbortController().signal;
    try {
      return await answerTo(
        path,
        url.searchParams,
        signal,
        new Headers(options?.headers).get('Accept') === 'application/json',
      );
    } catch (error) {
      if (!(error instanceof NotThereError)) throw error;
      return Response.json(
        { error: { code: error.code, message: error.message } },
        { status: 404 },
      );
    }
  };

  /**
   * @param {string} path
   * @param {URLSearchParams} params
   * @param {AbortSignal} signal
   * @param {boolean} isJson
   */
  async function answerTo(path, params, signal, isJson) {
    const [, dataset, below] = /^(datasets\/[^/]+)\/(.*)$/.exec(path) ?? [];
    for (const [pattern, compute] of COMPUTED) {
      const match = pattern.exec(below ?? '');
      if (!match) continue;
      const numbers = match.slice(1).map(Number);
      const [layer, head] = numbers;
      const last = numbers[numbers.length - 1];
      const site = {
        ...(await corpusOf(dataset)),
        vectors,
        params,
        signal,
        pause: createPause(signal),
      };
      const found = await compute(site, { layer, head }, last);
      return 'values' in found ? arrayAnswer(found) : Response.json(found);
    }
    if (params.has('stop') && /^sequences\/(target_)?text$/.test(below ?? ''))
      return arrayAnswer(
        await textsOf(path, Number(params.get('start')), Number(params.get('stop'))),
      );
    const answer = await read(`${fileOf(path, params)}.${isJson ? 'json' : 'npy'}`, signal);
    if (isJson) return answer;
    const isGrid = /^projections\/[^/]+$/.test(below ?? '') && !params.has('head');
    /** @type {Record<string, string>} */
    const headers = {};
    if (isGrid) headers['X-Ready'] = headMask((await corpusOf(dataset)).manifest).join('');
    return arrayAnswer({ ...readNpy(await answer.arrayBuffer()), headers });
  }
}

/**
 * The file name of the response to an address, without its extension. It does not contain the
 * version of a dataset, since a site has only one.
 *
 * @param {string} path
 * @param {URLSearchParams} params
 */
export function fileOf(path, params) {
  const parts = [...params].filter(([name]) => name !== 'v').sort(([a], [b]) => (a < b ? -1 : 1));
  return path + parts.map(([name, value]) => `--${name}-${value}`).join('');
}

/**
 * @param {{dtype: string, shape: number[], values: ArrayBufferView, headers?: Record<string,
 *   string>}} array
 */
function arrayAnswer({ dtype, shape, values, headers = {} }) {
  const body = /** @type {ArrayBufferView<ArrayBuffer>} */ (values);
  return new Response(body, {
    headers: { 'X-Dtype': dtype, 'X-Shape': shape.join(','), ...headers },
  });
}

/** @param {AbortSignal} signal */
function createPause(signal) {
  let start = performance.now();
  return async () => {
    if (performance.now() - start < SLICE_MS) return;
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
    signal.throwIfAborted();
    start = performance.now();
  };
}
