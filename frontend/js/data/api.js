/** Client of the API: JSON for facts, typed arrays for numbers. */

import { decodePositions, decodeReady, readArray } from '../compute/decode.js';
import { readHeads } from './head_list.js';
import { loadTokens } from './tokens.js';
import { setMethods } from './projection_methods.js';
import { pairQuery } from '../compute/pairs.js';
import { setMeasures } from './head_measures.js';
import { asType, countsOf, createTransport } from './transport.js';

/** @import { Aggregate, Attention, DatasetEntry, Description, GridMap } from '../page.js' */
/** @import { HeadDetails, HeadFacts, HeadId, HeadMap, HeadsMap, Pair } from '../page.js' */
/** @import { PairAnswer, Session } from '../page.js' */
/** @import { HeadPatterns, SimilarHeads, Tokens, Weight } from '../page.js' */
/** @import { Limits } from '../user_sequences/live.js' */
/** @import { Dims, Kind } from '../types.js' */
/** @import { Transport } from './transport.js' */

/**
 * Return the requests of the API; each can be aborted by its signal.
 *
 * @param {string | URL} base address of the page; the API lies below it
 * @param {typeof fetch} [ask] requests of a server, or its replacement on an exported site
 * @param {boolean} [isSite] whether this is an exported site, which never changes and has images as
 *   files
 */
export function createApi(base, ask = (...parts) => fetch(...parts), isSite = false) {
  const root = new URL('api/v1/', base);
  const transport = createTransport(root, ask);
  const ending = isSite ? '.png' : '';
  return {
    isSite,
    ...factRequests(transport),
    ...mapRequests(transport),
    ...attentionRequests(transport),
    ...comparisonRequests(transport),
    ...modelRequests(transport),
    /** @param {string} id @param {number} sequence */
    imageUrl: (id, sequence) => new URL(`${dataset(id)}/images/${sequence}${ending}`, root).href,
    /** @param {string} id @param {number} sequence */
    thumbnailUrl: (id, sequence) =>
      new URL(`${dataset(id)}/images/${sequence}/thumbnail${ending}`, root).href,
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

/** @param {string} id */
function dataset(id) {
  return `datasets/${encodeURIComponent(id)}`;
}

/** @param {HeadId} at */
function head({ layer, head }) {
  return `heads/${layer}/${head}`;
}

/** Datasets, session and facts. @param {Transport} transport */
function factRequests({ array, json }) {
  return {
    /** @param {AbortSignal} signal @returns {Promise<DatasetEntry[]>} */
    datasets: async (signal) => {
      const { datasets, methods, scores } = await json('datasets', signal);
      setMethods(methods);
      setMeasures(scores);
      return datasets;
    },
    /** @param {AbortSignal} signal @returns {Promise<Session>} */
    session: (signal) => json('session', signal),
    /** @param {string} id @param {AbortSignal} signal @returns {Promise<Description>} */
    description: (id, signal) => json(dataset(id), signal),
    /**
     * @param {string} id
     * @param {AbortSignal} signal
     * @param {string} [version] of a complete dataset
     * @returns {Promise<Tokens>}
     */
    tokens: (id, signal, version) => loadTokens({ json, array }, dataset(id), signal, version),
    /**
     * @param {string} id
     * @param {AbortSignal} signal
     * @returns {Promise<Map<string, HeadFacts>>} by "layer,head"
     */
    heads: async (id, signal) => readHeads(await json(`${dataset(id)}/heads`, signal)),
    /** @param {string} id @param {HeadId} at @param {AbortSignal} signal
     * @returns {Promise<HeadDetails>} */
    headDetails: (id, at, signal) => json(`${dataset(id)}/${head(at)}`, signal),
  };
}

/** Maps and what is drawn in them. @param {Transport} transport */
function mapRequests({ array, get }) {
  return {
    /** @param {string} id @param {AbortSignal} signal */
    gridTokens: async (id, signal) =>
      asType(Int32Array, await array(`${dataset(id)}/grid`, signal)),
    /** @param {string} id @param {'kind' | 'head'} scale @param {AbortSignal} signal */
    gridNorms: async (id, scale, signal) =>
      asType(
        Uint8Array,
        await array(`${dataset(id)}/grid/norms${scale === 'head' ? '?scale=head' : ''}`, signal),
      ),
    /**
     * @param {string} id
     * @param {string} name
     * @param {Dims} dims
     * @param {AbortSignal} signal
     * @returns {Promise<GridMap>}
     */
    async grid(id, name, dims, signal) {
      const answer = await get(`${dataset(id)}/projections/${name}`, signal);
      const numbers = await readArray(answer);
      const [nLayers, nHeads] = numbers.shape;
      const ready = decodeReady(answer.headers.get('X-Ready'), nLayers * nHeads);
      return { name, dims, positions: decodePositions(numbers, dims), ready };
    },
    /**
     * @param {string} id
     * @param {string} name
     * @param {Dims} dims
     * @param {HeadId} at
     * @param {AbortSignal} signal
     * @returns {Promise<HeadMap>}
     */
    async headMap(id, name, dims, at, signal) {
      const numbers = await array(
        `${dataset(id)}/projections/${name}?layer=${at.layer}&head=${at.head}`,
        signal,
      );
      return { name, dims, at, positions: decodePositions(numbers, dims) };
    },
    /** @param {string} id @param {HeadId} at @param {AbortSignal} signal */
    headNorms: async (id, at, signal) =>
      asType(Float32Array, await array(`${dataset(id)}/${head(at)}/norms`, signal)),
    /** @param {string} id @param {HeadId} at @param {AbortSignal} signal */
    tokenScores: async (id, at, signal) =>
      asType(Float32Array, await array(`${dataset(id)}/${head(at)}/token_scores`, signal)),
    /** @param {string} id @param {AbortSignal} signal */
    patches: async (id, signal) =>
      asType(Uint8Array, await array(`${dataset(id)}/patches`, signal)),
  };
}

/** Patterns of one sequence, and means over many. @param {Transport} transport */
function attentionRequests({ array, get, json }) {
  return {
    /**
     * @param {string} id
     * @param {HeadId} at
     * @param {number} sequence
     * @param {Weight} weight
     * @param {AbortSignal} signal
     * @returns {Promise<Attention>}
     */
    async attention(id, at, sequence, weight, signal) {
      const query = weight === 'none' ? '' : `?weight=${weight}`;
      const address = `${dataset(id)}/${head(at)}/attention/${sequence}${query}`;
      const numbers = await array(address, signal);
      return { at, sequence, weight, n: numbers.shape[0], pattern: asType(Float32Array, numbers) };
    },
    /**
     * @param {string} id
     * @param {HeadId} at
     * @param {number} length
     * @param {Weight} weight
     * @param {AbortSignal} signal
     * @returns {Promise<Aggregate>}
     */
    async aggregate(id, at, length, weight, signal) {
      const query = meanQuery(length, weight);
      const answer = await get(`${dataset(id)}/${head(at)}/aggregate?${query}`, signal);
      const [nSequences, nLongEnough] = countsOf(answer);
      const numbers = await readArray(answer);
      return {
        at,
        weight,
        n: numbers.shape[0],
        pattern: asType(Float32Array, numbers),
        nSequences,
        nLongEnough,
      };
    },
    /**
     * The mean pattern of every head, downsampled if it is long: [layer, head, query, key].
     *
     * @param {string} id @param {number} length @param {Weight} weight @param {AbortSignal} signal
     */
    async aggregates(id, length, weight, signal) {
      const query = meanQuery(length, weight);
      const answer = await get(`${dataset(id)}/heads/aggregate?${query}`, signal);
      const [nSequences, nLongEnough] = countsOf(answer);
      const numbers = await readArray(answer);
      const [nLayers, nHeads, n] = numbers.shape;
      return {
        nLayers,
        nHeads,
        n,
        patterns: asType(Float32Array, numbers),
        nSequences,
        nLongEnough,
      };
    },
    /**
     * One sequence in every head: its patterns, downsampled if there are many weights, or the row
     * of a query or the column of a key.
     *
     * @param {string} id
     * @param {number} sequence
     * @param {Weight} weight
     * @param {{kind: Kind, position: number} | null} of
     * @param {AbortSignal} signal
     * @returns {Promise<HeadPatterns>}
     */
    async sequencePatterns(id, sequence, weight, of, signal) {
      const query = [
        ...(weight === 'none' ? [] : [`weight=${weight}`]),
        ...(of ? [`kind=${of.kind}`, `position=${of.position}`] : []),
      ].join('&');
      const address = `${dataset(id)}/heads/attention/${sequence}${query && `?${query}`}`;
      const numbers = await array(address, signal);
      const [nLayers, nHeads, side] = numbers.shape;
      return { nLayers, nHeads, side, values: asType(Float32Array, numbers) };
    },
    /**
     * Keys for 90 %, entropy and rows of every sequence, in one head or as the mean over all.
     *
     * @param {string} id @param {HeadId | null} at @param {AbortSignal} signal
     */
    async sequenceScores(id, at, signal) {
      const answer = await get(
        `${dataset(id)}/sequences/scores${at ? `?layer=${at.layer}&head=${at.head}` : ''}`,
        signal,
      );
      const [nSequences, nSequencesTotal] = countsOf(answer);
      return { scores: asType(Float32Array, await readArray(answer)), nSequences, nSequencesTotal };
    },
    /**
     * The strongest partners of a point over the whole corpus, by score.
     *
     * @param {string} id
     * @param {HeadId} at
     * @param {number} point
     * @param {number} k
     * @param {AbortSignal} signal
     * @returns {Promise<{token: number, score: number}[]>}
     */
    partners: async (id, at, point, k, signal) =>
      (await json(`${dataset(id)}/${head(at)}/neighbours/${point}?k=${k}`, signal)).partners,
  };
}

/** Comparisons of heads. @param {Transport} transport */
function comparisonRequests({ json }) {
  return {
    /**
     * @param {string} id
     * @param {readonly Pair[]} pairs
     * @param {AbortSignal} signal
     * @returns {Promise<PairAnswer>}
     */
    pairs: (id, pairs, signal) => json(`${dataset(id)}/heads/pairs?${pairQuery(pairs)}`, signal),
    /** @param {string} id @param {AbortSignal} signal @returns {Promise<HeadsMap>} */
    similarity: (id, signal) => json(`${dataset(id)}/similarity`, signal),
    /**
     * The heads most similar to one; `other` is the dataset to search, null for the same one.
     *
     * @param {string} id
     * @param {string} version
     * @param {HeadId} at
     * @param {string | null} other
     * @param {AbortSignal} signal
     * @returns {Promise<SimilarHeads>}
     */
    similar(id, version, at, other, signal) {
      const compared = other === null ? '' : `&with=${encodeURIComponent(other)}`;
      return json(`${dataset(id)}/${head(at)}/similar?v=${version}${compared}`, signal);
    },
  };
}

/** Texts and images of the user. @param {Transport} transport */
function modelRequests({ json, run }) {
  return {
    /**
     * Whether texts and images of the user can be run through models, and their size limits.
     *
     * @param {AbortSignal} signal
     * @returns {Promise<Limits>}
     */
    live: (signal) => json('live', signal),
    /**
     * Run a text, or tokens one by one, through the model of a dataset.
     *
     * @param {string} id
     * @param {{text: string} | {tokens: readonly import('../user_sequences/live.js').Token[]}} what
     * @param {readonly string[]} maps
     * @param {AbortSignal} signal
     */
    runText: (id, what, maps, signal) =>
      run(
        `${dataset(id)}/text`,
        {
          body: JSON.stringify({ ...what, maps }),
          headers: { 'Content-Type': 'application/json' },
        },
        signal,
      ),
    /**
     * @param {string} id
     * @param {Blob} image
     * @param {readonly string[]} maps
     * @param {AbortSignal} signal
     */
    runImage(id, image, maps, signal) {
      const body = new FormData();
      body.append('maps', maps.join());
      body.append('image', image);
      return run(`${dataset(id)}/image`, { body }, signal);
    },
  };
}

/** The query of a mean pattern. @param {number} length @param {Weight} weight */
function meanQuery(length, weight) {
  return `length=${length}${weight === 'none' ? '' : `&weight=${weight}`}`;
}
