/** The list of jobs: the progress and the possible actions of each. */

import { corpusText, el, setAttribute, setText } from '../ui/dom.js';
import { corpusAccount } from '../controls/corpus_account.js';
import { formatAdvice, hasEnded, formatRequest, formatState } from './labels.js';

/** @import { Job } from './types.js' */
/** @import { Account } from '../page.js' */

/** @typedef {'start' | 'remove' | 'open'} Act */

/**
 * @param {HTMLElement} root
 * @param {(act: Act, job: Job) => void} onAct
 */
export function createJobList(root, onAct) {
  const empty = el('p', { class: 'jobs__none soft' }, 'No builds.');
  const list = el('ul', { class: 'jobs__list' });
  root.append(empty, list);
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  return {
    /** @param {readonly Job[]} jobs */
    show(jobs) {
      empty.hidden = jobs.length > 0;
      for (const [id, item] of items) {
        if (jobs.some((job) => job.id === id)) continue;
        item.element.remove();
        items.delete(id);
      }
      jobs.forEach((job, i) => {
        const item = items.get(job.id) ?? createItem(onAct);
        items.set(job.id, item);
        item.show(job);
        if (list.children[i] !== item.element)
          list.insertBefore(item.element, list.children[i] ?? null);
      });
    },
    /** @param {string} id @param {string} problem */
    showError: (id, problem) => items.get(id)?.showError(problem),
    /** @param {string} id */
    focus: (id) => items.get(id)?.focus(),
    destroy() {
      empty.remove();
      list.remove();
    },
  };
}

/** @param {(act: Act, job: Job) => void} onAct */
function createItem(onAct) {
  /** @type {Job | null} */
  let shown = null;
  let accounted = '';
  const name = el('h4', { class: 'jobs__name' });
  const about = el('p', { class: 'jobs__about soft' });
  const state = el('p', { class: 'jobs__state', role: 'status' });
  const advice = el('p', { class: 'jobs__advice soft' });
  const fill = el('span', { class: 'meter__fill' });
  const corpus = el('div', { class: 'jobs__corpus' });
  const meter = el(
    'span',
    {
      class: 'meter jobs__meter',
      role: 'progressbar',
      'aria-valuemin': '0',
      'aria-valuemax': '100',
    },
    fill,
  );
  const start = button('Start', 'button--main', () => act('start'));
  const open = button('Open', '', () => act('open'));
  const remove = button('Cancel', '', () => act('remove'));
  const element = el(
    'li',
    { class: 'jobs__item' },
    el('div', { class: 'jobs__words' }, name, about, state, corpus, meter, advice),
    el('div', { class: 'jobs__acts' }, start, open, remove),
  );

  /** @param {Act} what */
  function act(what) {
    if (shown) onAct(what, shown);
  }

  /**
   * The list is updated periodically; unfolded details stay unfolded.
   *
   * @param {Account | null | undefined} account
   */
  function showAccount(account) {
    const key = JSON.stringify(account ?? null);
    if (key === accounted) return;
    accounted = key;
    corpus.replaceChildren(corpusAccount(account) ?? '');
  }

  /** @param {Job} job @param {string} id */
  function showActs(job, id) {
    const { state: is } = job;
    const isOver = hasEnded(job);
    start.hidden = job.is_cancelling || !(is === 'estimated' || job.can_resume);
    nameButton(start, is === 'estimated' ? 'Start' : 'Resume', id);
    open.hidden = is !== 'done' && shareOf(job) === 0;
    nameButton(open, 'Open', id);
    open.classList.toggle('button--main', is === 'done');
    nameButton(remove, isOver ? 'Remove' : 'Cancel', id);
    setAttribute(
      remove,
      'title',
      isOver
        ? `Remove from the list${is === 'done' ? '; the dataset stays' : ' with the job’s files'}`
        : 'Cancel this job and delete its files',
    );
    setAttribute(remove, 'aria-disabled', job.is_cancelling ? 'true' : null);
  }

  return {
    element,
    /** @param {Job} job */
    show(job) {
      shown = job;
      const { request, state: is } = job;
      const id = request?.dataset_id ?? 'Job with damaged files';
      if (name.textContent !== id) {
        name.replaceChildren(corpusText(id));
        const words = request && formatRequest(request);
        about.replaceChildren(...(words ? [corpusText(words.title), words.rest] : []));
      }
      setText(state, formatState(job));
      showAccount(hasEnded(job) ? null : job.estimate?.account);
      setText(advice, formatAdvice(job));
      element.className = `jobs__item jobs__item--${is}`;
      meter.hidden = is !== 'running';
      setAttribute(meter, 'aria-valuenow', String(shareOf(job)));
      setAttribute(meter, 'aria-label', `Building ${id}`);
      fill.style.width = `${shareOf(job)}%`;
      showActs(job, id);
    },
    /** @param {string} problem */
    showError(problem) {
      setText(advice, problem);
    },
    focus: () => [start, open, remove].find((one) => !one.hidden)?.focus(),
  };
}

/** Progress of a running build in per cent. @param {Job} job */
function shareOf({ progress, state }) {
  if (state !== 'running' || !progress) return 0;
  if (progress.phase === 'done') return 100;
  return progress.n_units > 0 ? Math.floor((100 * progress.n_units_done) / progress.n_units) : 0;
}

/**
 * @param {string} words
 * @param {string} look
 * @param {() => void} onClick
 */
function button(words, look, onClick) {
  return el('button', { class: `button button--small ${look}`, type: 'button', onClick }, words);
}

/**
 * Buttons of several jobs have the same label; screen readers also get the name of the job.
 *
 * @param {HTMLElement} element
 * @param {string} words
 * @param {string} id
 */
function nameButton(element, words, id) {
  setText(element, words);
  setAttribute(element, 'aria-label', `${words} ${id}`);
}
