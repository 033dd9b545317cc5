/** What the server says of jobs: datasets that are built from the page. */

import type { Account, Progress } from '../page.js';

export type Modality = 'text' | 'image';
export type JobState =
  'uploaded' | 'estimating' | 'estimated' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobOptions {
  readonly models: readonly { readonly name: string; readonly modality: Modality | null }[];
  readonly methods: readonly string[];
  readonly dims: readonly number[];
  readonly endings: { readonly text: readonly string[]; readonly image: readonly string[] };
  readonly max_text_bytes: number;
  readonly max_image_bytes: number;
  readonly max_images: number;
  readonly max_waiting: number;
}

export interface Estimate {
  readonly account?: Account;
  readonly n_sequences: number;
  readonly n_sequences_total: number;
  readonly n_tokens: number;
  readonly n_heads: number;
  readonly n_maps: number;
  readonly seconds: number;
  readonly n_bytes: number;
  readonly n_bytes_building: number;
}

export interface JobRequest {
  readonly model: string;
  readonly modality: Modality;
  readonly dataset_id: string;
  readonly methods: readonly string[];
  readonly dims: readonly number[];
  readonly max_tokens: number | null;
  readonly skip_bad_sequences: boolean;
  readonly title: string;
  readonly n_files: number;
  readonly n_bytes: number;
}

export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly since_utc: string;
  readonly message: string | null;
  readonly is_cancelling: boolean;
  readonly can_resume: boolean;
  readonly n_before: number | null;
  readonly estimate: Estimate | null;
  readonly progress: Progress | null;
  readonly version: string | null;
  readonly request: JobRequest | null;
}

/** What was chosen, and what is wrong with it, if anything. */
export interface Chosen {
  readonly modality: Modality | null;
  readonly words: string;
  readonly problem: string | null;
}
