/** Shapes of the page itself: choices, what the server said, and what passes between views. */

import type { Dims, Kind, Method } from './types.js';

export interface HeadId { readonly layer: number; readonly head: number }
export interface Selected { readonly kind: Kind; readonly token: number }
export type TokenType = 'text' | 'special' | 'class' | 'register' | 'patch';
export type Theme = 'system' | 'light' | 'dark';

/** The viewer's choices and nothing else; frozen. */
export interface State {
  readonly dataset: string | null;    // null until the list of datasets is there
  readonly method: Method | null;     // null until the dataset says which maps it has
  readonly dims: Dims;
  readonly at: HeadId | null;         // null: the grid of all heads
  readonly selected: Selected | null;
  readonly color: string | null;      // null: the first mode of the modality
  readonly search: string;            // as typed
  readonly hasLines: boolean;         // attention lines in the map of a head
  readonly theme: Theme;
}

/** How a change of choices is written into the browser's history. */
export type HistoryMode = 'push' | 'replace' | 'none';

export interface Store {
  get(): State;
  set(change: Partial<State>, history?: HistoryMode): void;
  subscribe(listener: (state: State, previous: State, history: HistoryMode) => void): () => void;
}

export interface ModelFacts {
  name: string; source: string; revision: string | null; weights_sha256: string;
  family: string; architecture: string; modality: 'text' | 'image'; license: string | null;
}

export interface Progress {
  phase: 'capture' | 'maps' | 'publish' | 'done' | 'failed'; message: string;
  n_units_done: number; n_units: number; remaining_seconds: number | null;
}

export interface DatasetEntry {
  id: string; state: 'building' | 'complete' | 'damaged'; version: string | null;
  model: ModelFacts | null; modality: 'text' | 'image' | null;
  n_layers: number | null; n_heads: number | null; n_sequences: number | null; n_tokens: number | null;
  progress: Progress | null;
}

export interface PatchGrid {
  n_rows: number; n_columns: number; n_prefix_tokens: number; has_class_token: boolean; n_registers: number;
  image_width_px: number; image_height_px: number;
}

export interface Fidelity { recall_at_10: number | null; rank_correlation: number | null; trustworthiness: number | null }

export interface Manifest {
  id: string; model: ModelFacts;
  n_layers: number; n_heads: number; n_key_heads: number; d_head: number; n_sequences: number; n_tokens: number;
  layers: { scaling: number; is_causal: boolean; max_distance: number | null }[];
  bias_terms: string[];
  corpus: { name: string; source: string | null; license: string | null; columns: string[] };
  patch_grid: PatchGrid | null;
  precision: string; seed: number;
  maps: Record<string, { method: Method; dims: Dims; parameters: Record<string, unknown> }>;
  grid: { n_tokens: number; n_points: number };
  fidelity?: Record<string, Fidelity>;
}

/** `manifest` is null while a build has not captured its model yet. */
export interface Description {
  id: string; state: DatasetEntry['state']; version: string | null; manifest: Manifest | null;
  maps_ready: Record<string, number>; progress: Progress | null;
}

/** The columns of tokens.json; numeric ones as typed arrays, -1 where a column has no value. */
export interface Tokens {
  n: number;
  text: string[];
  tokenId: Int32Array; sequence: Int32Array; position: Int32Array;
  tokenType: TokenType[];
  row: Int32Array | null; column: Int32Array | null; hue: Float32Array | null; brightness: Float32Array | null;
  sequences: { start: Int32Array; length: Int32Array; text: string[]; columns: Record<string, unknown[]> };
}

/** One kind of map of every head, for the tokens of the grid. */
export interface GridMap { name: string; dims: Dims; positions: Uint16Array; ready: Uint8Array }

/** One map of one head, for all tokens. */
export interface HeadMap { name: string; dims: Dims; at: HeadId; positions: Uint16Array }

export interface HeadMapFacts {
  offset: number[]; scale: number; fidelity: Fidelity; details: Record<string, unknown>; fallback: string | null;
}
export interface HeadFacts {
  layer: number; head: number; alignment_scale: number; vector_rank_correlation: number | null;
  maps: Record<string, HeadMapFacts>;
}

/** Pattern of one sequence in one head, [query_pos, key_pos] row by row. */
export interface Attention { at: HeadId; sequence: number; n: number; pattern: Float32Array }

export type SlotStatus = 'idle' | 'loading' | 'ready' | 'failed';

/**
 * One thing the server is asked for. `value` is the answer to `key`; while a new key loads it may still be
 * the former answer, but only one of the same group (the dataset).
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
}

export interface Facts {
  readonly datasets: Slot<DatasetEntry[]>;
  readonly description: Slot<Description>;
  readonly tokens: Slot<Tokens>;
  readonly gridTokens: Slot<Int32Array>;
  readonly grid: Slot<GridMap>;
  readonly gridNorms: Slot<Uint8Array>;
  readonly heads: Slot<Map<string, HeadFacts>>;
  readonly headMap: Slot<HeadMap>;
  readonly headNorms: Slot<Float32Array>;
  readonly attention: Slot<Attention>;
  readonly patches: Slot<Uint8Array>;
}

/** What every view is given. */
export interface Context {
  api: import('./api.js').Api;
  store: Store;
  facts: Facts;
  actions: import('./actions.js').Actions;
  derived: import('./derived.js').Derived;
  hover: import('./hover.js').Hover;
  /** Say something once, in a line that goes away. */
  notify(text: string): void;
  retry(): void;
}

export interface View {
  update(state: State): void;
  destroy(): void;
}
