/**
 * What the API says and takes, written by scripts/make_types.py from the types of
 * backend/attentionviz/server/http/contract.py. Change those.
 */

/** Numbers of sequences of the corpus that were read, taken, cut and left out. */
export interface Account {
  unit: 'line' | 'row' | 'element' | 'record' | 'file';
  n_read: number;
  n_taken: number;
  n_cut: number;
  left_out: LeftOut[];
  notes: string[];
}

/** How queries and keys were aligned; further entries are allowed. */
export interface Alignment {
  scale: string;
  [key: string]: unknown;
}

/** Difference between attention from the stored queries and keys and the model's own. */
export interface AttentionCheck {
  exact_max_abs_error?: number;
  exact_tolerance?: number;
  exact_n_sequences?: number;
  worst_layer?: number;
  worst_head?: number;
  max_abs_error: number;
  n_sequences: number;
  /** Format 2: tolerance for float32 rounding. */
  tolerance?: number;
}

/** The workers of a Dask cluster that do the work of a build. */
export interface Cluster {
  n_workers: number;
  /** Names of their machines. */
  hosts: string[];
  /** Address of Dask's dashboard, for a browser. */
  dashboard: string | null;
}

/** The corpus that was read: sentences or images. */
export interface Corpus {
  name: string;
  source: string | null;
  license: string | null;
  sha256: string;
  columns: string[];
  n_sequences: number;
  n_sequences_cut: number;
  /** Format 2 has none. */
  account?: Account;
  pairs?: LabelledPairs;
  /** Only of encoder-decoder models. */
  target?: Target;
}

/**
 * One row per sequence: first token, number of tokens, text, and metadata.  Only of encoder-
 * decoder models: the number of source tokens, which come first, and the target text.
 */
export interface CorpusSequences {
  start: number[];
  length: number[];
  text: string[];
  n_source?: number[];
  target_text?: string[];
  columns: Record<string, unknown[]>;
}

/** The corpus of a dataset. */
export interface CorpusSummary {
  name: string;
  license: string | null;
  account: Account | null;
}

/**
 * One row per token; the last four columns only for images, null for tokens without a patch.
 */
export interface CorpusTokens {
  /**
   * Display text. A token with some bytes of a character names these bytes and their total: '你
   * 1⁄3', or with bytes 1 and 2 '你 1–2⁄3'; parts are joined by ' + '.
   */
  text: string[];
  /** Word of the text for an unknown token, else null; absent without any. */
  surface?: (string | null)[];
  token_id: number[];
  sequence: number[];
  /** From 0, in each text of the sequence. */
  position: number[];
  token_type: ('text' | 'special' | 'class' | 'register' | 'patch')[];
  row?: (number | null)[];
  column?: (number | null)[];
  hue?: (number | null)[];
  brightness?: (number | null)[];
  sequences: CorpusSequences;
  /** Absent without a file of labelled pairs. */
  pairs?: TokenPairs;
}

/** A dataset in the list; null for values that are not known yet or cannot be read. */
export interface DatasetEntry {
  id: string;
  /** failed: the build ended with an error; stopped: the same command resumes it. */
  state: 'building' | 'complete' | 'damaged' | 'failed' | 'outdated' | 'stopped';
  version: string;
  model: ModelFacts | null;
  modality: 'text' | 'image' | 'image-text' | null;
  corpus: CorpusSummary | null;
  maps: string[] | null;
  /** Size of its files; null while it is built. */
  n_bytes: number | null;
  /** When its manifest was written, in UTC. */
  published_at: string | null;
  n_layers: number | null;
  /** The largest number of a layer. */
  n_heads: number | null;
  /** Of all layers. */
  n_heads_total: number | null;
  n_sequences: number | null;
  n_tokens: number | null;
  progress: Progress | null;
  /** Why it is damaged, outdated, failed or stopped. */
  reason: string | null;
}

/** Every dataset, and the descriptions of all methods and scores. */
export interface DatasetList {
  datasets: DatasetEntry[];
  methods: MethodWords[];
  scores: ScoreFacts[];
}

/** State, manifest and maps of a dataset. */
export interface Description {
  id: string;
  /** failed: the build ended with an error; stopped: the same command resumes it. */
  state: 'building' | 'complete' | 'damaged' | 'failed' | 'outdated' | 'stopped';
  version: string;
  /** Null before the model was captured. */
  manifest: Manifest | null;
  /** Number of heads that have each map. */
  maps_ready: Record<string, number>;
  /**
   * Definition of nearness in each map: small distance, or large dot product of the
   * coordinates of a query and a key.
   */
  nearness: Record<string, 'distance' | 'product'>;
  /**
   * The map with the highest recall@10, mean over the heads, by the number of its dimensions:
   * best-2d, best-3d; null without one, and while a build runs.
   */
  best_maps: Record<string, string | null>;
  progress: Progress | null;
}

/** The body of every response with a status from 400. */
export interface ErrorAnswer {
  error: ErrorFacts;
}

/** An error: a code for programs, a message for people. */
export interface ErrorFacts {
  code: string;
  message: string;
}

/** As ``attentionviz build --estimate --json`` prints it. */
export interface Estimate {
  account?: Account;
  lost?: string | null;
  n_workers?: number;
  assumed?: string;
  dataset_id: string;
  n_sequences: number;
  n_sequences_total: number;
  n_tokens: number;
  n_heads: number;
  n_maps: number;
  seconds: number;
  n_bytes: number;
  n_bytes_building: number;
}

/** Fidelity of a map to the vectors: of one head, or means over heads; null if undefined. */
export interface Fidelity {
  recall_at_10: number | null;
  recall_at_100: number | null;
  rank_correlation: number | null;
  trustworthiness: number | null;
}

/** The sample that the grid draws. */
export interface Grid {
  n_tokens: number;
  n_points: number;
}

/** Everything that is known of one head. */
export interface HeadDetails {
  layer: number;
  head: number;
  alignment_scale: number | null;
  vector_rank_correlation: number | null;
  maps: Record<string, HeadMapFacts>;
  /** As of all heads. */
  best_maps: Record<string, string | null>;
  /** Empty until the build has computed them. */
  scores: Record<string, HeadScore>;
  profile: OffsetProfile | null;
}

/** Columns of one value per head, layer by layer. */
export interface HeadList {
  layer: number[];
  head: number[];
  alignment_scale: (number | null)[];
  scores: Record<string, ScoreColumn>;
  maps: Record<string, MapColumns>;
  /** The map with the highest recall@10 by the name of the choice, such as best-2d. */
  best_maps: Record<string, (string | null)[]>;
}

/** One map of one head; `fallback` is the reason if another method than requested was used. */
export interface HeadMapFacts {
  offset: number[];
  scale: number;
  fidelity: Fidelity;
  details: Record<string, unknown>;
  fallback: string | null;
}

/** When a head is named after a score. */
export interface HeadName {
  label: string;
  /** Least value of the score. */
  threshold: number;
  reason: string;
  /** Least rows that the value rests on. */
  min_rows: number;
}

/** Position of a head on the map of heads. */
export interface HeadOnMap {
  layer: number;
  head: number;
  x: number;
  y: number;
  /** The five nearest heads by distance, not on the map; those of the same part. */
  nearest: NearHead[];
}

/** Scores of all pairs in one head, and how well the head fits them. */
export interface HeadPairs {
  layer: number;
  head: number;
  /** Mean of percentile if strong, 1 - percentile if weak. */
  fit: number;
  pairs: (PairScore | null)[];
}

/** A score of one head, and the number of attention rows from which it is computed. */
export interface HeadScore {
  value: number | null;
  n_rows: number;
}

/** The map of heads, layer by layer. */
export interface HeadsMap {
  n_rows: number;
  n_tokens: number;
  seed: number;
  smoothing: number;
  log_base: number;
  stress: number;
  map_method: string;
  /** Stored for each head; none: all pairs. */
  n_nearest?: number;
  /** Heads that the map of heads rests on. */
  n_landmarks?: number;
  heads: HeadOnMap[];
}

/** Health of the server; its version only for authenticated clients. */
export interface Health {
  status: 'ok';
  version?: string;
}

/** An image for the model of a dataset. */
export interface ImageForm {
  /** PNG, JPEG or WebP. */
  image: Blob;
  /** As for a text, separated by commas. */
  maps?: string;
}

/** A build from the page, and its progress. */
export interface Job {
  id: string;
  state:
    | 'uploaded'
    | 'estimating'
    | 'estimated'
    | 'waiting'
    | 'running'
    | 'done'
    | 'failed'
    | 'cancelled';
  since_utc: string;
  /** Why it failed, or was cancelled. */
  message: string | null;
  is_cancelling: boolean;
  /** Whether a restart resumes it. */
  can_resume: boolean;
  /** Number of jobs before it in the queue. */
  n_before: number | null;
  estimate: Estimate | null;
  progress: Progress | null;
  version: string | null;
  /** Null where the job's files are damaged. */
  request: JobRequest | null;
}

/** Suffixes of accepted files. */
export interface JobEndings {
  text: string[];
  /** Those of text whose files have columns. */
  table: string[];
  image: string[];
}

/** The validated form: an upload and the build options. */
export interface JobForm {
  /** One text or table, or images. */
  files: Blob[];
  /** A name from the options. */
  model: string;
  dataset_id: string;
  /** Of the methods that the options list; several with commas. */
  methods: string;
  /** 2 or 3, or both with a comma. */
  dims: string;
  /** Whole sequences up to so many; all without it. */
  max_tokens?: number;
  /** Column of a table that holds the text. */
  text_column?: string;
  /** Leave out sequences for which the model gives no finite numbers. */
  skip_bad_sequences?: boolean;
  /** Queries and keys to store; or all. */
  keep_vectors?: 'all' | 'sample' | 'none';
}

/** All jobs, the newest first. */
export interface JobList {
  jobs: Job[];
}

/** A model that jobs may use; `modality` is null if it is not known before loading. */
export interface JobModel {
  name: string;
  modality: 'text' | 'image' | 'image-text' | null;
}

/** Models, files and sizes that jobs accept. */
export interface JobOptions {
  is_enabled: true;
  models: JobModel[];
  methods: string[];
  /** Methods that a form selects initially. */
  default_methods: string[];
  dims: number[];
  keep_vectors: KeepOption[];
  endings: JobEndings;
  max_text_bytes: number;
  max_image_bytes: number;
  max_images: number;
  max_waiting: number;
}

/** The request of a job. */
export interface JobRequest {
  model: string;
  modality: 'text' | 'image' | 'image-text';
  dataset_id: string;
  methods: string[];
  dims: number[];
  max_tokens: number | null;
  text_column: string | null;
  skip_bad_sequences: boolean;
  keep_vectors: 'all' | 'sample' | 'none';
  title: string;
  n_files: number;
  n_bytes: number;
}

/** Which queries and keys a dataset can store. */
export interface KeepOption {
  choice: 'all' | 'sample' | 'none';
  /** What it takes away. */
  effect: string;
}

/** Which queries and keys are stored: all, those of a sample of whole sequences, or none. */
export interface KeepVectors {
  choice: 'all' | 'sample' | 'none';
  n_sequences: number;
  n_tokens: number;
}

/** The file of labelled pairs, and how many of them are pairs of tokens. */
export interface LabelledPairs {
  file: string;
  sha256: string;
  /** What its positions count, from 1. */
  unit: 'letter' | 'word';
  n_read: number;
  n_taken: number;
  left_out: LeftOut[];
}

/** Scaling and masking of one layer, what else its scores have, and its own sizes. */
export interface LayerRule {
  scaling: number;
  is_causal: boolean;
  max_distance: number | null;
  /** Largest distance of keys after the query. */
  max_ahead?: number;
  /** Only of encoder-decoder models. */
  part?: 'encoder' | 'decoder' | 'cross';
  /** Positions of a chunk; others' keys are hidden. */
  chunk?: number;
  /** Positions that see each other: ends. */
  block?: number[];
  /** c of c·tanh(scaling·q·k / c). */
  softcap?: number;
  bias?: OffsetBias;
  /** Score of the sink in each head: one more key. */
  sinks?: number[];
  /** If it differs from that of the manifest. 0: none. */
  n_heads?: number;
  /** If it differs from that of the manifest. */
  n_key_heads?: number;
  /** If it differs from that of the manifest. */
  d_head?: number;
  /** Why the layer has no heads. */
  absent?: string;
}

/** Sequences that were left out for the same reason. */
export interface LeftOut {
  reason: string;
  n: number;
  examples: string[];
}

/** Whether texts and images can be added, and how large they may be. */
export interface Limits {
  is_enabled: boolean;
  max_characters: number;
  max_image_bytes: number;
  max_pixels: number;
  max_tokens: number;
}

/** The manifest without ``files``; during a build without fidelity and similarity. */
export interface Manifest {
  schema_version: 2 | 3 | 4;
  id: string;
  attentionviz_version: string;
  model: ModelFacts;
  n_layers: number;
  /** The largest number of a layer. */
  n_heads: number;
  /** The largest number of a layer. */
  n_key_heads: number;
  /** The largest of a layer. */
  d_head: number;
  n_sequences: number;
  n_tokens: number;
  layers: LayerRule[];
  bias_terms: string[];
  corpus: Corpus;
  patch_grid: PatchGrid | null;
  precision: 'float32' | 'float16';
  keep_vectors: KeepVectors;
  seed: number;
  alignment: Alignment;
  maps: Record<string, MapFacts>;
  /** Computed scores. */
  scores: string[];
  probe: Probe;
  prefix_probe?: PrefixProbe;
  grid: Grid;
  attention_check: AttentionCheck;
  build_key: string;
  library_versions: Record<string, string>;
  fidelity?: Record<string, Fidelity>;
  similarity?: SimilarityFacts;
}

/** Fidelity of one map of every head; null if undefined. */
export interface MapColumns {
  /** Whether the head has this map yet. */
  is_ready: boolean[];
  recall_at_10: (number | null)[];
  recall_at_100: (number | null)[];
  rank_correlation: (number | null)[];
  trustworthiness: (number | null)[];
  /** Why another method than requested was used; null where it was not. */
  fallback: (string | null)[];
}

/** One projection method in two or three dimensions. */
export interface MapFacts {
  method: string;
  dims: 2 | 3;
  parameters: Record<string, unknown>;
  /** GPU on which it was computed; none: the CPU. */
  device?: 'cuda' | 'mps';
}

/** Label and description of a projection method. */
export interface MethodWords {
  name: string;
  label: string;
  help: string;
}

/** The model as it was loaded. */
export interface ModelFacts {
  name: string;
  source: string;
  revision: string | null;
  weights_sha256: string;
  family: string;
  architecture: string;
  modality: 'text' | 'image' | 'image-text';
  license: string | null;
  dtype?: string;
  /** Text or vision of a pair such as CLIP; encoder without its decoder. */
  part?: string;
}

/** A head, and its distance from another. */
export interface NearHead {
  layer: number;
  head: number;
  /**
   * Root of the mean Jensen-Shannon divergence of rows, in bits; after Clark et al. 2019, who
   * sum over rows and documents.
   */
  distance: number;
}

/** Building from the page is disabled. */
export interface NoJobs {
  is_enabled: false;
}

/** A number added to scores, by the offset of the key: its position minus the query's. */
export interface OffsetBias {
  /** Increasing; constant beyond. */
  offsets: number[];
  /** [head][offset]; linear between two offsets. */
  values: number[][];
}

/** Mean weight by offset of the key from the query; null if no row has such a key. */
export interface OffsetProfile {
  offsets: number[];
  weights: (number | null)[];
  n_rows: number[];
}

/** The OpenAPI document of this API. */
export interface OpenApiDocument {
  openapi: string;
  [key: string]: unknown;
}

/** Scores of some pairs in every head that has a query and a key of one of them. */
export interface PairAnswer {
  pairs: PairWish[];
  /** Number of keys with which a pair is compared. */
  n_keys: number;
  n_keys_total: number;
  heads: HeadPairs[];
}

/** Score of one pair in one head. */
export interface PairScore {
  /** scaling * q·k. */
  score: number;
  /** Share of keys with a lower score; ties count half. */
  percentile: number;
  /** 1 + number of keys with a higher score. */
  rank: number;
  /** In the pattern; null where the query does not see the key. */
  weight: number | null;
}

/** A query and a key by their tokens, and whether their score should be strong or weak. */
export interface PairWish {
  query: number;
  key: number;
  wish: 'strong' | 'weak';
  is_same_sequence: boolean;
}

/** A token, and its score with the given point. */
export interface Partner {
  token: number;
  score: number;
}

/** The strongest partners of a point, strongest first. */
export interface Partners {
  partners: Partner[];
}

/**
 * Grid of patches of an image, and the prefix tokens before them.  Of images and texts it is
 * the part of a sequence that its image takes, without prefix tokens.
 */
export interface PatchGrid {
  n_rows: number;
  n_columns: number;
  n_prefix_tokens: number;
  has_class_token: boolean;
  n_registers: number;
  image_width_px: number;
  image_height_px: number;
}

/** Repeated random tokens for the prefix matching score. */
export interface PrefixProbe {
  n_sequences: number;
  period: number;
  reason: string | null;
  n_repeats: number;
  start: string[];
}

/** Repeated random tokens for the induction scores; `reason` is given if there are none. */
export interface Probe {
  n_sequences: number;
  period: number;
  reason: string | null;
}

/** Progress of a build. */
export interface Progress {
  phase: string;
  message: string;
  n_units_done: number;
  n_units: number;
  remaining_seconds: number | null;
  heartbeat_utc: string;
  /** Null without one. */
  cluster: Cluster | null;
}

/** A score of every head, and the number of attention rows from which each was computed. */
export interface ScoreColumn {
  /** Null if undefined. */
  value: (number | null)[];
  /** Null until the build has computed it. */
  n_rows: (number | null)[];
}

/** Label, definition and range of a head score. */
export interface ScoreFacts {
  name: string;
  label: string;
  help: string;
  formula: string;
  source: string;
  /** Null for both. */
  modality: 'text' | 'image' | 'image-text' | null;
  /** Null if unbounded. */
  low: number | null;
  high: number | null;
  unit: string;
  /** Last version that computed it; null for a current score. */
  until: string | null;
  /** Of colours and histograms. */
  scale: 'linear' | 'log';
  /** Of heads that do this above all; null: none. */
  head_name: HeadName | null;
  /**
   * Of encoder-decoder models, 1: not defined for cross heads, since queries and keys must be
   * of one text; 2: defined for cross heads only; null: for all heads.
   */
  texts: 1 | 2 | null;
}

/** The distinct values of each further column of the corpus. */
export interface SequenceColumns {
  values: Record<string, unknown[]>;
}

/** Role and session of the client. */
export interface Session {
  /** Whether this server requires tokens. */
  has_sign_in: boolean;
  role: 'read' | 'jobs';
  name: string | null;
  /** Whether the client signed in on the page. */
  has_session: boolean;
}

/** A head similar to another; `alignment` compares their vectors (unbiased CKA). */
export interface SimilarHead {
  layer: number;
  head: number;
  /**
   * Root of the mean Jensen-Shannon divergence of rows, in bits; after Clark et al. 2019, who
   * sum over rows and documents.
   */
  distance: number;
  alignment: number | null;
}

/** The heads most similar to a head, nearest first. */
export interface SimilarHeads {
  with: string;
  compared_by: 'token' | 'word' | 'patch';
  n_rows: number;
  n_sequences: number | null;
  heads: SimilarHead[];
  others: string[];
}

/** How heads were compared, and how the map of heads was computed. */
export interface SimilarityFacts {
  n_rows: number;
  n_tokens: number;
  seed: number;
  smoothing: number;
  log_base: number;
  stress: number;
  map_method: string;
  /** Stored for each head; none: all pairs. */
  n_nearest?: number;
  /** Heads that the map of heads rests on. */
  n_landmarks?: number;
}

/** Where the target texts of an encoder-decoder model are from. */
export interface Target {
  /** Column of the corpus; null: greedy decoding. */
  column: string | null;
  /** Tokens that were decoded at most. */
  max_length: number | null;
}

/** A text for the model of a dataset. */
export interface TextBody {
  /** Not empty; cut where it is too long. */
  text: string;
  /** Maps of the dataset to place into; all of them if left out. */
  maps?: string[];
}

/** Labelled pairs: two tokens of a sequence, and a name, which may be empty. */
export interface TokenPairs {
  first: number[];
  second: number[];
  name: string[];
}

/** Tokens for the model of a dataset. */
export interface TokensBody {
  /**
   * Exactly these tokens of the model's vocabulary, including special tokens, each as display
   * text of the dataset or token_id; the id is unambiguous if two tokens have the same text.
   */
  tokens: (string | number)[];
  /** Maps of the dataset to place into; all of them if left out. */
  maps?: string[];
}

/** One row per distinct token of the corpus, as in `CorpusTokens`. */
export interface Vocabulary {
  text: string[];
  token_id: number[];
  token_type: ('text' | 'special' | 'class' | 'register' | 'patch')[];
  surface?: (string | null)[];
  /** The distinct names of labelled pairs. */
  pair_name?: string[];
  /** Addresses of the arrays of tokens and of sequences. */
  columns: string[];
}
