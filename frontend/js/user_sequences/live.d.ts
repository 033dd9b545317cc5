/**
 * Texts and images of the user: kept in this page only, and shown as further sequences of a
 * dataset.
 */

import type { Dims, Manifest, Tokens } from '../page.js';

export type { Limits } from '../contract.js';

/**
 * How points came into a map: by the same calculation as those of the corpus, or by their
 * neighbours.
 */
export type Placed = 'exact' | 'neighbours';

/**
 * Places of one sequence in one map of every head, in steps of the map; they may lie outside of
 * 0..65535.
 */
export interface Places {
  dims: Dims;
  steps: Float32Array;
  placed: Placed;
  nOutside: number;
} // (layer, head, 2 * token, dims), queries first

/** What a model said of one text or image. */
export interface Answer {
  n: number; // tokens
  columns: Tokens; // of these tokens alone, as one sequence
  nTruncated: number; // tokens that had no room in the model
  nLayers: number;
  nHeads: number;
  nKeyHeads: number;
  dHead: number;
  queries: Float32Array; // (layer, head, token, d_head)
  keys: Float32Array; // (layer, key head, token, d_head)
  norms: Float32Array; // (layer, head, token, 4)
  places: ReadonlyMap<string, Places>;
  nPartners: number;
  partnerTokens: Int32Array; // (layer, head, 2 * token, partner), of the corpus, strongest first
  partnerScores: Float32Array;
  sprites: Uint8Array | null; // (token, 8, 8, 3)
  image: { width: number; height: number; rgb: Uint8Array } | null;
}

/** A token as it is written, or by its number in the vocabulary. */
export type Token = string | number;

/** A text, a row of tokens or an image of the user. */
export interface UserItem {
  readonly id: number;
  readonly name: string; // such as "your text 1"
  readonly kind: 'text' | 'tokens' | 'image';
  readonly text: string; // as typed; of an image the name of its file
  readonly tokens: readonly Token[] | null; // where they were edited one by one
  readonly file: Blob | null;
  readonly home: string | null; // the one dataset whose tokens they are
}

/** One of them as a sequence of a dataset. */
export interface UserSequence {
  readonly item: UserItem;
  readonly answer: Answer;
}

/**
 * All of them that a dataset shows, in order: they follow the tokens and sequences of the corpus.
 */
export interface Layer {
  readonly manifest: Manifest;
  readonly sequences: readonly UserSequence[];
  readonly n: number; // tokens in all
  readonly firstToken: number; // tokens of the corpus
  readonly firstSequence: number; // sequences of the corpus
}

/** What is asked for now: a new text or image, or other tokens for one that is kept. */
export interface Submission {
  readonly kind: UserItem['kind'];
  readonly text: string;
  readonly tokens: readonly Token[] | null;
  readonly file: Blob | null;
  readonly dataset: string;
  readonly edits: number | null; // the one whose tokens are replaced
  readonly isFirst: boolean; // this dataset's model has not answered lately
  readonly error: string | null;
}

/** What a pane shows. */
export interface Wanted {
  readonly dataset: string;
  readonly version: string | null;
  readonly manifest: Manifest;
  readonly maps: readonly string[];
}

/** What a dataset's model said of an item. */
export interface Run {
  readonly version: string | null;
  readonly answer: Answer | null;
  readonly error: string | null;
}

export type Content = Pick<UserItem, 'kind' | 'text' | 'tokens' | 'file'>;

/** One request: a new submission, or maps that a kept item lacks. */
export interface Job {
  readonly content: Content;
  readonly wanted: Wanted;
  readonly maps: readonly string[];
  readonly submission: Submission | null;
  readonly item: UserItem | null;
}

/** Asks the server; an error may have `retryAfter`, in seconds. */
export type Send = (
  dataset: string,
  content: Content,
  maps: readonly string[],
  signal: AbortSignal,
) => Promise<ArrayBuffer>;
