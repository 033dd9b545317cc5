/** Queue of requests to the model, one at a time; obsolete ones are aborted. */

import { readAnswer } from './answer.js';
import { fits } from './items.js';

/** @import { Answer, Job, Send, Submission, UserItem } from './live.js' */
/** @import { Runs } from './shown_sequences.js' */
/** @import { Wants } from './shown_sequences.js' */

/** Maximum attempts while the server is busy, and the longest wait between them, seconds. */
const MAX_TRIES = 3;
const MAX_WAIT_S = 20;

/**
 * @typedef {{job: Job, call: AbortController, timer: ReturnType<typeof setTimeout> | null}} Request
 */

/**
 * @param {Send} send
 * @param {ReturnType<typeof import('./warming.js').createWarming>} warming
 * @param {{next: () => Job | null, answered: (job: Job, answer: Answer) => void, failed: (job: Job,
 *   error: string) => void, ended: () => void}} jobs
 */
export function createRequests(send, warming, { next, answered, failed, ended }) {
  /** @type {Request | null} */
  let current = null;

  /** Start the next request, unless it is already running. */
  function pump() {
    const job = next();
    if (current && job && isSameJob(current.job, job)) return;
    if (current?.timer) clearTimeout(current.timer);
    current?.call.abort();
    current = null;
    if (!job) return;
    current = { job, call: new AbortController(), timer: null };
    void ask(current, 1);
  }

  /** @param {Request} request @param {number} nTries */
  async function ask(request, nTries) {
    const { job, call } = request;
    const { dataset, manifest } = job.wanted;
    const coming = warming.coming(dataset);
    if (coming) await coming; // a page uses one slot of the server, not two
    if (call.signal.aborted) return;
    try {
      const buffer = await send(dataset, job.content, job.maps, call.signal);
      if (call.signal.aborted) return;
      warming.noteAnswer(dataset);
      answered(job, readAnswer(buffer, manifest, job.content.text));
    } catch (error) {
      if (call.signal.aborted) return;
      const wait = error instanceof Error && 'retryAfter' in error ? Number(error.retryAfter) : 0;
      if (wait > 0 && nTries < MAX_TRIES) {
        const waitMs = 1000 * Math.min(MAX_WAIT_S, wait);
        request.timer = setTimeout(() => void ask(request, nTries + 1), waitMs);
        return;
      }
      failed(job, error instanceof Error ? error.message : String(error));
    }
    if (current === request) current = null;
    ended();
    pump();
  }

  return {
    pump,
    isBusy: () => current !== null,
    /** Whether an item is being requested. @param {UserItem} item */
    isAsked: (item) => current?.job.item === item,
  };
}

/**
 * The next request: the latest submission, then items without a position in the shown maps.
 *
 * @param {Submission | null} submission
 * @param {readonly UserItem[]} items
 * @param {Wants} wants
 * @param {Runs} runs
 * @returns {Job | null}
 */
export function nextJob(submission, items, wants, runs) {
  if (submission && submission.error === null) {
    const wanted = wants.of(submission.dataset);
    const maps = wants.mapsOf(submission.dataset);
    return wanted && maps.length > 0
      ? { content: submission, wanted, maps, submission, item: null }
      : null;
  }
  for (const wanted of wants.all()) {
    for (const item of items) {
      const run = fits(item, wanted.manifest) ? runs.of(item, wanted) : null;
      if (!fits(item, wanted.manifest) || run?.error) continue;
      const maps = wanted.maps.filter((map) => !run?.answer?.places.has(map));
      if (maps.length > 0) return { content: item, wanted, maps, submission: null, item };
    }
  }
  return null;
}

/** @param {Job} a @param {Job} b */
function isSameJob(a, b) {
  return (
    a.submission === b.submission &&
    a.item === b.item &&
    a.wanted.dataset === b.wanted.dataset &&
    a.wanted.version === b.wanted.version &&
    a.maps.join() === b.maps.join()
  );
}
