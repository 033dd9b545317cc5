/** Text on jobs: sizes, times, estimates, progress, and what to do after a failure. */

import { sequenceWord } from '../ui/labels.js';
import { formatProgress } from '../data/map_labels.js';
import { count, counted } from '../compute/number_text.js';

/** @import { Chosen, Estimate, Job, JobOptions, JobRequest } from './types.js' */

/** @param {number} n */
export function formatBytes(n) {
  if (n < 1e3) return counted(n, 'byte');
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`;
  return `${(n / 1e9).toFixed(1)} GB`;
}

/** @param {number} seconds */
export function formatDuration(seconds) {
  if (seconds < 55) return `${Math.max(5, 5 * Math.round(seconds / 5))} s`;
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** The estimate of a build as text. @param {Estimate} estimate @param {JobRequest} request */
export function formatEstimate(estimate, { modality }) {
  const { n_sequences: n, n_sequences_total: nTotal } = estimate;
  const word = sequenceWord(modality);
  const taken = n === nTotal ? counted(n, word) : `${count(n)} of ${counted(nTotal, word)}`;
  return (
    `About ${formatDuration(estimate.seconds)} and ${formatBytes(estimate.n_bytes)}: ` +
    `${counted(estimate.n_tokens, 'token')} in ${taken}, ${counted(estimate.n_heads, 'head')}, ` +
    `${counted(estimate.n_maps, 'map')}`
  );
}

/** Whether a job has ended. @param {Job} job */
export function hasEnded({ state }) {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** The progress of a job in one sentence. @param {Job} job */
export function formatState(job) {
  const { state, estimate, message, n_before: nBefore, progress, request } = job;
  if (job.is_cancelling) return 'Cancelling …';
  if (state === 'uploaded') return 'Waiting for the estimate';
  if (state === 'estimating') return 'Loading the model and timing a map …';
  if (state === 'estimated')
    return estimate && request ? formatEstimate(estimate, request) : 'Ready to start';
  if (state === 'waiting')
    return nBefore ? `Waiting for ${counted(nBefore, 'other job')}` : 'Starting …';
  if (state === 'running')
    return progress
      ? formatProgress(progress)
      : `Loading the model${estimate ? ` · about ${formatDuration(estimate.seconds)} in all` : ''}`;
  if (state === 'done') return 'Built';
  if (state === 'cancelled') return message ? `Cancelled: ${message}` : 'Cancelled';
  return `Failed: ${message ?? 'unknown reason'}`;
}

/**
 * What a dataset will lack, before it is built, or what to do about a job that failed.
 *
 * @param {Job} job
 */
export function formatAdvice({ state, can_resume: canResume, estimate }) {
  if (state === 'estimated') return estimate?.lost ?? '';
  if (state !== 'failed') return '';
  return canResume
    ? 'Finished steps are kept; “Resume” continues from there.'
    : 'Change the files or options above and estimate again.';
}

/** The corpus, model and maps of a job. @param {JobRequest} request */
export function formatRequest({ model, title, n_bytes: nBytes }) {
  return { title, rest: `, ${formatBytes(nBytes)}, read by ${model}` };
}

/**
 * The kind of some files, determined before upload.
 *
 * @param {readonly {name: string, size: number}[]} files
 * @param {JobOptions} options
 * @returns {Chosen}
 */
export function formatChosen(
  files,
  { endings, max_text_bytes: mostText, max_image_bytes: mostImages, max_images: nMost },
) {
  if (files.length === 0) return { modality: null, hasColumns: false, words: '', problem: null };
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const name = files.length === 1 ? files[0].name : counted(files.length, 'file');
  const words = `${name}, ${formatBytes(size)}`;
  /** @param {string} problem @returns {Chosen} */
  const refuse = (problem) => ({ modality: null, hasColumns: false, words, problem });
  const isText = files.every(({ name }) => endings.text.includes(endingOf(name)));
  const isImage = files.every(({ name }) => endings.image.includes(endingOf(name)));
  const strange = files.find(
    ({ name }) => ![...endings.text, ...endings.image].includes(endingOf(name)),
  );
  if (strange)
    return refuse(
      `“${strange.name}” is not taken; ${[...endings.text, ...endings.image].join(', ')} are.`,
    );
  if (isText && files.length > 1)
    return refuse('Choose one text or table; several are not one corpus.');
  if (!isText && !isImage) return refuse('Choose one text or table, or only images.');
  if (files.some((file) => file.size === 0)) return refuse('One of these files is empty.');
  const most = isText ? mostText : mostImages;
  if (size > most) return refuse(`${formatBytes(size)} are more than ${formatBytes(most)}.`);
  if (isImage && files.length > nMost)
    return refuse(`${counted(files.length, 'image')} are more than ${count(nMost)}.`);
  const hasColumns = endings.table.includes(endingOf(files[0].name));
  return { modality: isText ? 'text' : 'image', hasColumns, words, problem: null };
}

/** @param {string} name */
function endingOf(name) {
  return /\.[a-z0-9]{1,8}$/.exec(name.toLowerCase())?.[0] ?? '';
}

/**
 * A valid dataset name that is not taken.
 *
 * @param {string} model
 * @param {string} file
 * @param {readonly string[]} taken
 */
export function nameFor(model, file, taken) {
  const stem = file.replace(/\.[^.]*$/, '');
  const name =
    `${model}-${stem}`
      .toLowerCase()
      .normalize('NFKD')
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[-._]+|[-._]+$/g, '')
      .slice(0, 56)
      .replace(/[-._]+$/, '') || 'dataset';
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}-${i}`;
    if (!taken.includes(candidate)) return candidate;
  }
}
