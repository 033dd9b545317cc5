/**
 * “New dataset”: a form, the list of jobs, and the button that opens both if the server has jobs.
 */

import { closeButton, closeOutside } from '../ui/dialog.js';
import { el, iconButton, ICONS } from '../ui/dom.js';
import { createJobsApi } from './api.js';
import { createJobForm } from './form.js';
import { createJobList } from './list.js';
import { hasEnded } from './labels.js';

/** @import { Context, View } from '../page.js' */
/** @import { Act } from './list.js' */
/** @import { Job, JobOptions } from './types.js' */

/** Interval of requests for jobs: while the dialog is open, and while a job runs behind it. */
const POLL_MS = 1000;
const UNSEEN_POLL_MS = 5000;

/**
 * @param {HTMLElement} root
 * @param {Context & {ask: typeof fetch}} context
 * @returns {View & {button: HTMLButtonElement}}
 */
export function createJobs(root, { actions, api: { isSite }, ask: send, facts, notify }) {
  const api = createJobsApi(document.baseURI, send);
  const button = iconButton(ICONS.plus, 'New dataset', {
    class: 'button button--icon header__new',
    title: 'Build a dataset from your own text or images',
    hidden: true,
    onClick: () => void open(),
  });
  /** @type {ReturnType<typeof createJobForm> | null} */
  let form = null;
  const { dialog, formPlace, listPlace } = createDialog({
    highlight: (isOver) => form?.highlight(isOver),
    pick: (files) => form?.pick(files),
  });
  root.append(dialog);
  const list = createJobList(listPlace, (act, job) => void run(act, job));
  const polling = createPolling(api.list, {
    take,
    periodMs: () => (dialog.open ? POLL_MS : unseenPeriodMs(jobs)),
  });
  /** @type {JobOptions | null} */
  let options = null;
  let isAsked = isSite; // an exported site has no server to ask
  /** @type {readonly Job[]} */
  let jobs = [];
  const opener = createOpener(facts.datasets, actions.openDataset);

  async function learnOptions() {
    isAsked = true;
    // without a response the page is as without jobs; the next page asks again
    options = await api.options().catch(() => null);
    button.hidden = options === null;
    if (options) void polling.ask();
  }

  async function open() {
    if (!options || dialog.open) return;
    if (!form) {
      const taken = () => takenNames(facts, jobs);
      form = createJobForm(options, { upload: api.upload, taken, sent });
      formPlace.append(form.element);
    }
    dialog.showModal();
    form.focus();
    await polling.ask();
  }

  /** @param {Job} job */
  function sent(job) {
    take([job, ...jobs]);
    list.focus(job.id);
    listPlace.scrollIntoView({ block: 'nearest' });
  }

  /** @param {readonly Job[]} found */
  function take(found) {
    for (const job of found) {
      const before = jobs.find(({ id }) => id === job.id);
      if (!before || before.state === job.state) continue;
      if (['running', 'done', 'cancelled'].includes(job.state)) facts.datasets.again();
      const words = formatOutcome(job);
      if (words && !dialog.open) notify(words);
    }
    jobs = found;
    list.show(jobs);
    polling.askLater();
  }

  /** @param {Act} act @param {Job} job */
  async function run(act, job) {
    if (act === 'open') {
      dialog.close();
      return opener.want(job.request?.dataset_id ?? null);
    }
    try {
      const started = act === 'start' ? await api.start(job.id) : null;
      take(
        started ? jobs.map((one) => (one.id === job.id ? started : one)) : await api.remove(job.id),
      );
      list.focus(job.id);
    } catch (error) {
      list.showError(job.id, error instanceof Error ? error.message : String(error));
    }
  }

  return {
    button,
    update() {
      if (!isAsked && facts.datasets.value) void learnOptions();
      opener.update();
    },
    destroy() {
      polling.stop();
      form?.destroy();
      list.destroy();
      dialog.remove();
      button.remove();
    },
  };
}

/**
 * Interval while the dialog is closed; null: no requests until it is opened.
 *
 * @param {readonly Job[]} jobs
 */
function unseenPeriodMs(jobs) {
  const isAtWork = jobs.some((job) => !hasEnded(job) && job.state !== 'estimated');
  return isAtWork ? UNSEEN_POLL_MS : null;
}

/**
 * Opens a dataset once it is listed.
 *
 * @param {Context['facts']['datasets']} datasets
 * @param {(id: string) => void} open
 */
function createOpener(datasets, open) {
  /** @type {string | null} */
  let wanted = null;
  return {
    /** @param {string | null} id */
    want(id) {
      wanted = id;
      datasets.again();
    },
    update() {
      const found = wanted !== null && datasets.value?.find(({ id }) => id === wanted);
      if (!found) return;
      wanted = null;
      queueMicrotask(() => open(found.id));
    },
  };
}

/** Message on a job that has ended while the dialog was closed. @param {Job} job */
function formatOutcome({ message, request, state }) {
  if (!request) return null;
  if (state === 'done') return `The dataset “${request.dataset_id}” is built.`;
  return state === 'failed'
    ? `The dataset “${request.dataset_id}” is not built: ${message ?? ''}`
    : null;
}

/**
 * Names that no new dataset can have.
 *
 * @param {Context['facts']} facts
 * @param {readonly Job[]} jobs
 */
function takenNames(facts, jobs) {
  const coming = jobs.filter((job) => !hasEnded(job) || job.can_resume);
  return [
    ...(facts.datasets.value ?? []).map(({ id }) => id),
    ...coming.map(({ request }) => request?.dataset_id ?? ''),
  ];
}

/**
 * The dialog with containers for the form and the list. Files can be dropped anywhere on it, since
 * a file dropped beside the field would replace the page.
 *
 * @param {{highlight: (isOver: boolean) => void, pick: (files: File[]) => void}} on
 */
function createDialog({ highlight, pick }) {
  const formPlace = el('section', { class: 'jobs__part' });
  const listPlace = el(
    'section',
    { class: 'jobs__part', 'aria-labelledby': 'jobs-list-title' },
    el('h3', { class: 'jobs__subtitle', id: 'jobs-list-title' }, 'Builds'),
  );
  const title = el('h2', { id: 'jobs-title' }, 'New dataset');
  const close = closeButton('Close (Esc); builds continue');
  const dialog = el(
    'dialog',
    {
      class: 'jobs',
      'aria-labelledby': 'jobs-title',
      onClick: closeOutside,
      onDragover: over,
      onDragleave: () => highlight(false),
      onDrop: drop,
    },
    el('div', { class: 'jobs__head' }, title, close),
    el('div', { class: 'jobs__body' }, formPlace, listPlace),
  );

  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    highlight(true);
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    highlight(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) pick(files);
  }

  return { dialog, formPlace, listPlace };
}

/**
 * Requests the jobs periodically; the latest request wins.
 *
 * @param {(signal: AbortSignal) => Promise<readonly Job[]>} list
 * @param {{take: (jobs: readonly Job[]) => void, periodMs: () => number | null}} on
 */
function createPolling(list, { take, periodMs }) {
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  /** @type {AbortController | null} */
  let asking = null;

  function clear() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  async function ask() {
    clear();
    asking?.abort();
    const { signal } = (asking = new AbortController());
    try {
      const found = await list(signal);
      if (!signal.aborted) take(found);
    } catch {
      if (!signal.aborted) askLater();
    }
  }

  function askLater() {
    clear();
    const period = periodMs();
    if (period !== null) timer = setTimeout(() => void ask(), period);
  }

  return {
    ask,
    askLater,
    stop() {
      clear();
      asking?.abort();
    },
  };
}
