/** Shapes of the page itself: choices, what the server said, and what passes between views. */

import type { DatasetEntry, Description, Fidelity, HeadDetails } from './contract.js';
import type { HeadScore, PairAnswer, Partner } from './contract.js';
import type { OfPane, State } from './state/choices.js';
import type { Layer } from './user_sequences/live.js';
import type { Dims, Kind, Method } from './types.js';

export * from './contract.js';

export interface HeadId {
  readonly layer: number;
  readonly head: number;
}
export interface Selected {
  readonly kind: Kind;
  readonly token: number;
}
export type TokenType = 'text' | 'special' | 'class' | 'register' | 'patch';
/** By what a map says that a key is near a query. */
export type Nearness = Description['nearness'][string];
export type Theme = 'system' | 'light' | 'dark';
export type PaletteName = 'safe' | 'classic';
/** How what was typed is compared with a token. */
export type SearchMode = 'whole' | 'prefix' | 'substring' | 'regex';
/**
 * What the pattern is multiplied with, rows summing to 1 again: nothing, ‖v‖ or ‖v·W_O‖ of each
 * key.
 */
export type Weight = 'none' | 'value' | 'output';
/**
 * What the panel shows below the sentence or image: nothing, the mean pattern as lines or squares,
 * the mean by offset.
 */
export type Below = 'none' | 'lines' | 'squares' | 'offset';
export type ImageLinks = 'heat' | 'strongest' | 'all';
/**
 * Zoom against the map at rest, and what share of the content's width and height lies at the middle
 * of the viewport.
 */
export interface Camera {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}
/** Viewing angles of a 3-D head, degrees. */
export interface Turn {
  readonly yaw: number;
  readonly pitch: number;
}
/** A token of the selected sequence that is taken out of its attention. */
export interface HiddenToken {
  readonly kind: Kind;
  readonly position: number;
}
/** A query and a key, by their tokens, whose score is wished strong or weak. */
export interface Pair {
  readonly query: number;
  readonly key: number;
  readonly isStrong: boolean;
}
/**
 * Points outside are not drawn. Ranges are shares of the whole range, 0..1; norms are those of the
 * open head.
 */
export interface Filters {
  readonly kind: Kind | null;
  /** Only patches, or only words, of images with texts. */
  readonly type: 'patch' | 'word' | null;
  readonly position: readonly [number, number];
  readonly norm: readonly [number, number];
  /** Least weight between a point and the selected one; 0: all points. */
  readonly attention: number;
}

/**
 * What each of two panes shows for itself, and what it has selected, marked, hidden and paired
 * there.
 */
export type PanePlace = OfPane<'place'>;
export type PaneMarks = OfPane<'marks'>;
export type PaneChoices = PanePlace & PaneMarks;
export type PaneName = 'A' | 'B';
/** The panes whose selection does not follow the other one. */
export type Locked = PaneName | 'AB';

export type { State };

/**
 * How a change of choices is written into the browser's history; 'reconcile' replaces, too: the
 * facts did not allow what was chosen.
 */
export type HistoryMode = 'push' | 'replace' | 'reconcile' | 'none';

export interface Store {
  get(): State;
  set(change: Partial<State>, history?: HistoryMode): void;
  subscribe(listener: (state: State, previous: State, history: HistoryMode) => void): () => void;
}

/** The choices as one pane has them, and a way to those of the other. */
export interface PaneStore extends Store {
  /** Change the other pane; it opens with the choices of this one where there is none. */
  setBeside(choices: Partial<PanePlace>): void;
  /** Close the other pane. */
  closeBeside(): void;
  /** Select one token in pane A and another in pane B, both locked. */
  compareTokens(first: Selected, second: Selected): void;
  /** Let the selection of this pane follow the other one, or not. */
  toggleLock(): void;
}

/** Labelled pairs: two tokens of a sequence, first before second, and a name or "". */
export interface LabelledPairs {
  first: Int32Array;
  second: Int32Array;
  name: string[];
}

/** A column of strings, such as an array. */
export interface Column<T> {
  readonly length: number;
  at(row: number): T;
  slice(start: number, end: number): T[];
  // texts that come by the piece; absent where all rows are there
  readonly pieces?: import('./data/text_pieces.js').TextPieces;
}

/** Columns of tokens; numeric ones as typed arrays, -1 where a column has no value. */
export interface Tokens {
  n: number;
  text: Column<string>; // a part of a character as "你 1⁄3"; see characters.js
  // what stands in the text for an unknown word; absent where there is none
  surface?: Column<string | null>;
  labelledPairs?: LabelledPairs; // absent where the dataset has none
  // 1 for tokens of the target text of an encoder and decoder; absent for other models
  isTarget?: Uint8Array;
  isMixed?: true; // sequences hold both patches and words
  tokenId: Int32Array;
  sequence: Int32Array;
  position: Int32Array;
  tokenType: Column<TokenType>;
  row: Int32Array | null;
  column: Int32Array | null;
  hue: Float32Array | null;
  brightness: Float32Array | null;
  sequences: {
    start: Int32Array;
    length: Int32Array;
    text: Column<string>;
    // with an encoder and a decoder: tokens of the source text, which come first, and the target
    nSource?: Int32Array;
    targetText?: Column<string>;
    columns: Record<string, unknown[]>;
  };
  userLayer?: Layer; // the user's sequences, which follow those of the corpus
}

/**
 * One kind of map of every head, for the tokens of the grid; `unplaced` are tokens of the
 * user that have no place in it.
 */
export interface GridMap {
  name: string;
  dims: Dims;
  positions: Uint16Array;
  ready: Uint8Array;
  unplaced?: number[];
}

/** One map of one head, for all tokens. */
export interface HeadMap {
  name: string;
  dims: Dims;
  at: HeadId;
  positions: Uint16Array;
  unplaced?: number[];
}

/** Pattern of one sequence in one head, [query_pos, key_pos] row by row. */
export interface Attention {
  at: HeadId;
  sequence: number;
  weight: Weight;
  n: number;
  pattern: Float32Array;
  sinks?: Float32Array; // weight of the sink for each query, if the layer has one
}

/**
 * One sequence in every head: (layer, head, side, side), by query and key, or the weights of one
 * of its points, (layer, head, side).
 */
export interface HeadPatterns {
  nLayers: number;
  nHeads: number;
  side: number;
  values: Float32Array;
}

/**
 * Mean pattern over the sequences of at least n tokens, and over how many of how many it was taken.
 */
export interface Aggregate {
  at: HeadId;
  weight: Weight;
  n: number;
  pattern: Float32Array;
  sinks?: Float32Array;
  nSequences: number;
  nLongEnough: number;
}

export type SlotStatus = 'idle' | 'loading' | 'ready' | 'failed';

/**
 * One thing the server is asked for. `value` is the answer to `key`; while a new key loads it may
 * still be the former answer, but only one of the same group (the dataset).
 */
export interface Slot<T> {
  readonly what: string;
  readonly key: string | null;
  readonly status: SlotStatus;
  readonly value: T | null;
  readonly error: Error | null;
  /** Ask for `key` unless it is there or on its way; the former request is called off. */
  want(group: string, key: string, load: (signal: AbortSignal) => Promise<T>): void;
  /** Forget the value and call off the request. */
  drop(): void;
  /** Ask again for the same key. */
  again(): void;
  /** The answer to `key`, there or on its way; null where something else is asked for. */
  answerTo(key: string): Promise<T> | null;
}

/** What all heads are compared by; an open head has its details, too. */
export interface HeadFacts {
  layer: number;
  head: number;
  alignment_scale: number | null;
  /** Empty until the build has computed them. */
  scores: Record<string, HeadScore>;
  /** The maps that are ready. */
  maps: Record<string, { fidelity: Fidelity; fallback: string | null }>;
  /** Names of the maps with the highest recall@10, by the name of the choice. */
  best_maps: Record<string, string | null>;
}

export interface Facts {
  readonly datasets: Slot<DatasetEntry[]>;
  readonly description: Slot<Description>;
  readonly tokens: Slot<Tokens>;
  readonly gridTokens: Slot<Int32Array>;
  readonly grid: Slot<GridMap>;
  /** Scaled over each kind of a head, and over both. */
  readonly gridNorms: Slot<Uint8Array>;
  readonly gridSharedNorms: Slot<Uint8Array>;
  readonly heads: Slot<Map<string, HeadFacts>>;
  /** Of the open head. */
  readonly headDetails: Slot<HeadDetails>;
  readonly headMap: Slot<HeadMap>;
  readonly headNorms: Slot<Float32Array>;
  /** (token, 2): largest weight of its query, sum of its key's column. */
  readonly tokenScores: Slot<Float32Array>;
  readonly attention: Slot<Attention>;
  readonly aggregate: Slot<Aggregate>;
  /** The strongest partners of the selected point over the whole corpus. */
  readonly partners: Slot<{
    at: HeadId;
    point: number;
    partners: Partner[];
  }>;
  readonly patches: Slot<Uint8Array>;
  readonly pairs: Slot<PairAnswer>;
}

/** What every view is given. */
export interface Context {
  api: import('./data/api.js').Api;
  store: PaneStore;
  facts: Facts;
  actions: import('./state/actions.js').Actions;
  derived: import('./data/derived.js').Derived;
  hover: import('./state/hover.js').Hover;
  marks: import('./marked_points/marked_points.js').Marks;
  undo: import('./state/undo.js').Undo;
  pairing: import('./state/pairing.js').Pairing;
  userSequences: import('./user_sequences/user_sequences.js').UserSequences;
  /** Say something once, in a line that goes away. */
  notify(text: string): void;
  retry(): void;
  /** Which of two panes this is; null where there is one. */
  pane(): PaneName | null;
}

export interface View {
  update(state: State): void;
  destroy(): void;
}
