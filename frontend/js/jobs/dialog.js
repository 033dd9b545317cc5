/**
 * “New dataset”: a form, the list of jobs, and the button that opens both where the server has
 * jobs.
 */

import { el, ICONS, icon } from '../ui/dom.js';
import { createJobsApi } from './api.js';
import { createJobForm } from './form.js';
import { createJobList } from './list.js';
import { hasEnded } from './labels.js';

/** @import { Context, View } from '../page.js' */
/** @import { Act } from './list.js' */
/** @import { Job, JobOptions } from './types.js' */

/** How often jobs are asked for: while they are looked at, and while one is at work unseen. */
const POLL_MS = 1000;
const UNSEEN_POLL_MS = 5000;

/**
 * @param {HTMLElement} root
 * @param {Context & {ask: typeof fetch}} context
 * @returns {View & {button: HTMLButtonElement}}
 */
export function createJobs(root, { actions, api: { isSite }, ask: send, facts, notify }) {
  const api = createJobsApi(document.baseURI, send);
  const button = el(
    'button',
    {
      class: 'button button--icon header__new',
      type: 'button',
      title: 'New dataset, of a text or images of yours',
      hidden: true,
      onClick: () => void open(),
    },
    icon(ICONS.plus),
    el('span', { class: 'visually-hidden' }, 'New dataset'),
  );
  const formPlace = el('section', { class: 'jobs__part' });
  const listPlace = el(
    'section',
    { class: 'jobs__part', 'aria-labelledby': 'jobs-list-title' },
    el('h3', { class: 'jobs__subtitle', id: 'jobs-list-title' }, 'Builds'),
  );
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Close (Esc); builds go on',
      onClick: () => dialog.close(),
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Close'),
  );
  const dialog = el(
    'dialog',
    {
      class: 'jobs',
      'aria-labelledby': 'jobs-title',
      onClick: closeOutside,
      onDragover: over,
      onDragleave: leave,
      onDrop: drop,
    },
    el('div', { class: 'jobs__head' }, el('h2', { id: 'jobs-title' }, 'New dataset'), close),
    el('div', { class: 'jobs__body' }, formPlace, listPlace),
  );
  root.append(dialog);
  const list = createJobList(listPlace, (act, job) => void doIt(act, job));
  /** @type {JobOptions | null} */
  let options = null;
  let isAsked = isSite; // an exported site has no server to ask
  /** @type {readonly Job[]} */
  let jobs = [];
  /** @type {ReturnType<typeof createJobForm> | null} */
  let form = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {string | null} */
  let wanted = null;

  /** @param {MouseEvent} event */
  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  /**
   * A file that misses its place would replace the page, so all of the dialog takes it.
   *
   * @param {DragEvent} event
   */
  function over(event) {
    event.preventDefault();
    form?.invite(true);
  }

  function leave() {
    form?.invite(false);
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    leave();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) form?.pick(files);
  }

  async function learnOptions() {
    isAsked = true;
    try {
      options = await api.options();
    } catch {
      return; // the page is as it is without jobs; the next one that is opened asks again
    }
    button.hidden = options === null;
    if (options) void ask();
  }

  async function open() {
    if (!options || dialog.open) return;
    if (!form) {
      form = createJobForm(options, { upload: api.upload, taken, sent });
      formPlace.append(form.element);
    }
    dialog.showModal();
    form.focus();
    await ask();
  }

  const taken = () => [
    ...(facts.datasets.value ?? []).map(({ id }) => id),
    ...jobs
      .filter((job) => !hasEnded(job) || job.can_resume)
      .map(({ request }) => request?.dataset_id ?? ''),
  ];

  /** @param {Job} job */
  function sent(job) {
    take([job, ...jobs]);
    list.focus(job.id);
    listPlace.scrollIntoView({ block: 'nearest' });
  }

  async function ask() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    asking?.abort();
    const own = (asking = new AbortController());
    try {
      const found = await api.list(own.signal);
      if (!own.signal.aborted) take(found);
    } catch {
      if (!own.signal.aborted) askLater();
    }
  }

  /** @param {readonly Job[]} found */
  function take(found) {
    for (const job of found)
      tell(
        job,
        jobs.find(({ id }) => id === job.id),
      );
    jobs = found;
    list.show(jobs);
    askLater();
  }

  function askLater() {
    if (timer !== null) clearTimeout(timer);
    const isAtWork = jobs.some((job) => !hasEnded(job) && job.state !== 'estimated');
    timer =
      dialog.open || isAtWork
        ? setTimeout(() => void ask(), dialog.open ? POLL_MS : UNSEEN_POLL_MS)
        : null;
  }

  /** @param {Job} job @param {Job | undefined} before */
  function tell(job, before) {
    if (!before || before.state === job.state) return;
    if (['running', 'done', 'cancelled'].includes(job.state)) facts.datasets.again();
    if (dialog.open || !job.request) return;
    if (job.state === 'done') notify(`The dataset “${job.request.dataset_id}” is built.`);
    if (job.state === 'failed')
      notify(`The dataset “${job.request.dataset_id}” is not built: ${job.message ?? ''}`);
  }

  /** @param {Act} act @param {Job} job */
  async function doIt(act, job) {
    if (act === 'open') return show(job.request?.dataset_id ?? null);
    try {
      if (act === 'start') {
        const started = await api.start(job.id);
        take(jobs.map((one) => (one.id === job.id ? started : one)));
      } else take(await api.remove(job.id));
      list.focus(job.id);
    } catch (error) {
      list.complain(job.id, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string | null} id */
  function show(id) {
    wanted = id;
    dialog.close();
    facts.datasets.again();
  }

  return {
    button,
    update() {
      if (!isAsked && facts.datasets.value) void learnOptions();
      if (wanted === null || !facts.datasets.value?.some(({ id }) => id === wanted)) return;
      const id = wanted;
      wanted = null;
      queueMicrotask(() => actions.openDataset(id));
    },
    destroy() {
      if (timer !== null) clearTimeout(timer);
      asking?.abort();
      form?.destroy();
      list.destroy();
      dialog.remove();
      button.remove();
    },
  };
}
