/** Types of the jobs API: datasets that are built from the page. */

import type { Job } from '../contract.js';

export type { Account, Estimate, Job, JobOptions, JobRequest, Progress } from '../contract.js';
export type Modality = 'text' | 'image' | 'image-text';
export type JobState = Job['state'];

/** The chosen files, and what is wrong with them, if anything. */
export interface Chosen {
  readonly modality: Modality | null;
  /** Whether it is a table, one column of which holds the text. */
  readonly hasColumns: boolean;
  readonly words: string;
  readonly problem: string | null;
}
