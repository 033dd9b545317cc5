/**
 * Texts and images of the user: kept in this page only, and shown as further sequences of a
 * dataset.
 */

import type { Dims, Manifest, Tokens } from '../page.js';

export type { Limits } from '../contract.js';

/**
 * How points were placed in a map: by the projection of the corpus, or by their neighbours.
 */
export type Placed = 'exact' | 'neighbours';

/**
 * Positions of one sequence in one map of every head, in steps of the map; points may lie outside
 * 0..65535.
 */
export interface Places {
  dims: Dims;
  steps: Float32Array;
  placed: Placed;
  nOutside: number;
} // (layer, head, 2 * token, dims), queries first

/** The response of a model for one text or image. */
export interface Answer {
  n: number; // tokens
  columns: Tokens; // of these tokens alone, as one sequence
  nTruncated: number; // tokens beyond the maximum length of the model
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
  readonly uid: string; // also after a reload, where numbers may come again
  readonly name: string; // such as "your text 1"
  readonly kind: 'text' | 'tokens' | 'image';
  readonly text: string; // as typed; of an image the name of its file
  readonly tokens: readonly Token[] | null; // if they were edited one by one
  readonly file: Blob | null;
  readonly home: string | null; // of edited tokens: the dataset that they belong to
  readonly origin: number | null; // of edited tokens: id of the text that they are a copy of
}

/** An item as a sequence of a dataset. */
export interface UserSequence {
  readonly item: UserItem;
  readonly answer: Answer;
}

/**
 * All sequences of the user that a dataset shows, in order, after those of the corpus.
 */
export interface Layer {
  readonly manifest: Manifest;
  readonly sequences: readonly UserSequence[];
  readonly n: number; // tokens in all
  readonly firstToken: number; // tokens of the corpus
  readonly firstSequence: number; // sequences of the corpus
}

/** A pending request: a new text or image, or edited tokens of a kept item. */
export interface Submission {
  readonly kind: UserItem['kind'];
  readonly text: string;
  readonly tokens: readonly Token[] | null;
  readonly file: Blob | null;
  readonly dataset: string;
  readonly edits: number | null; // id of the item whose tokens are replaced
  readonly isFirst: boolean; // the model of this dataset is probably not loaded
  readonly error: string | null;
}

/** The dataset and maps that a pane shows. */
export interface Wanted {
  readonly dataset: string;
  readonly version: string | null;
  readonly manifest: Manifest;
  readonly maps: readonly string[];
}

/** The response or error of a dataset's model for an item. */
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

/** Sends a request to the server; an error may have `retryAfter`, in seconds. */
export type Send = (
  dataset: string,
  content: Content,
  maps: readonly string[],
  signal: AbortSignal,
) => Promise<ArrayBuffer>;
