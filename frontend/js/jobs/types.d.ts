/** What the server says of jobs: datasets that are built from the page. */

import type { Job } from '../contract.js';

export type { Account, Estimate, Job, JobOptions, JobRequest, Progress } from '../contract.js';
export type Modality = 'text' | 'image';
export type JobState = Job['state'];

/** What was chosen, and what is wrong with it, if anything. */
export interface Chosen {
  readonly modality: Modality | null;
  readonly words: string;
  readonly problem: string | null;
}
