/**
 * What the page waits for, what failed, and the progress of a build, in place of an empty map.
 */

import { el, setText } from '../ui/dom.js';
import { headsReady } from '../data/best_map.js';
import { chosenMap } from '../data/points.js';
import { isNotStored } from '../data/transport.js';
import { formatEnd } from '../ui/labels.js';
import { dashboardFor, formatMap, formatProgress, formatReady } from '../data/map_labels.js';

/** @import { Context, DatasetEntry, Description, Facts, Slot, State, View } from '../page.js' */

/** States of a dataset that is not published. @type {readonly string[]} */
const UNFINISHED = ['building', 'failed', 'stopped'];
/** A wait shorter than this is not mentioned. */
const PATIENCE_MS = 200;

/**
 * @param {{line: HTMLElement, map: HTMLElement}} roots where progress stands, and what waits and
 *   failures lie over
 * @param {Context} context
 * @returns {View}
 */
export function createStatus({ line, map }, { facts, retry }) {
  const progressText = el('span', { class: 'progress__text' });
  const dashboard = el(
    'a',
    { class: 'progress__link', target: '_blank', rel: 'noreferrer' },
    'Dask dashboard',
  );
  const progressFill = el('span', { class: 'meter__fill' });
  const progress = el(
    'div',
    { class: 'progress' },
    progressText,
    dashboard,
    el('span', { class: 'meter progress__meter' }, progressFill),
  );
  const words = el('p', { class: 'message__words' });
  const detail = el('p', { class: 'message__detail soft' });
  const again = el('button', { class: 'button', type: 'button', onClick: retry }, 'Try again');
  const message = el('div', { class: 'message', role: 'status' }, words, detail, again);
  const waiting = el('div', { class: 'waiting', role: 'status' });
  line.append(progress);
  map.append(message, waiting);
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;

  /** @param {State} state */
  function update(state) {
    updateProgress(state);
    const shown = formatFailure(facts) ?? formatEmpty(state, facts);
    message.hidden = shown === null;
    message.classList.toggle('message--failure', shown?.isFailure ?? false);
    setText(words, shown?.words ?? '');
    setText(detail, shown?.detail ?? '');
    again.hidden = !shown?.isFailure;
    const loading = Object.values(facts).find(
      (slot) =>
        slot.status === 'loading' &&
        slot !== facts.datasets &&
        !(slot === facts.description && slot.value),
    );
    if (!loading) {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      waiting.hidden = true;
    } else if (timer === null) {
      waiting.hidden = true;
      timer = setTimeout(showWait, PATIENCE_MS);
    }
  }

  function showWait() {
    const slow = Object.values(facts)
      .filter((slot) => slot.status === 'loading')
      .at(-1);
    waiting.hidden = !slow;
    setText(waiting, slow ? `Loading ${slow.what} …` : '');
  }

  /** @param {State} state */
  function updateProgress(state) {
    const entry = facts.datasets.value?.find(({ id }) => id === state.dataset);
    progress.hidden = !entry || !UNFINISHED.includes(entry.state);
    if (!entry || progress.hidden) return;
    const { progress: run } = entry;
    const description = facts.description.value;
    const name = chosenMap(state);
    const shown =
      description && name && state.method
        ? ` · ${formatMap(state.method, state.dims)}: ` +
          `${formatReady(description, state.method, state.dims)}`
        : '';
    setText(
      progressText,
      `${entry.state === 'building' ? formatProgress(run) : formatEnd(entry)}${shown}`,
    );
    const address = entry.state === 'building' ? dashboardFor(run, location.hostname) : null;
    dashboard.hidden = !address;
    dashboard.href = address ?? '';
    progress.classList.toggle('progress--failed', entry.state !== 'building');
    const percent = run && run.n_units > 0 ? (100 * run.n_units_done) / run.n_units : 0;
    progressFill.style.width = `${percent}%`;
  }

  return {
    update,
    destroy() {
      if (timer !== null) clearTimeout(timer);
      for (const part of [progress, message, waiting]) part.remove();
    },
  };
}

/** @typedef {{words: string, detail: string, isFailure: boolean}} Message */

/** @param {Facts} facts @returns {Message | null} */
function formatFailure(facts) {
  /** @type {Slot<unknown>[]} */
  const slots = Object.values(facts);
  // The list is asked for again by itself; while an older one is there, its failure is no reason to
  // hide a map.
  const failed = slots.find(
    (slot) =>
      slot.status === 'failed' &&
      !(slot === facts.datasets && slot.value) &&
      !isNotStored(slot.error), // said where it would be shown
  );
  return failed
    ? {
        words: `Could not load ${failed.what}.`,
        detail: failed.error?.message ?? '',
        isFailure: true,
      }
    : null;
}

/**
 * The reason why there is no map; null where there is one.
 *
 * @param {State} state
 * @param {Facts} facts
 * @returns {Message | null}
 */
function formatEmpty(state, facts) {
  const entries = facts.datasets.value;
  if (!entries) return null;
  if (entries.length === 0) {
    return {
      words: 'There is no dataset yet.',
      detail:
        'Run “attentionviz build”, or “make demo” for the embedded datasets; they appear here.',
      isFailure: false,
    };
  }
  const entry = entries.find(({ id }) => id === state.dataset);
  if (entry?.state === 'damaged') {
    return {
      words: `The dataset “${entry.id}” is damaged and is not shown.`,
      detail: `Run “attentionviz verify” to list the damaged files, and build it again.`,
      isFailure: false,
    };
  }
  if (entry?.state === 'outdated') {
    const reason = entry.reason ?? '';
    return {
      words: `The dataset “${entry.id}” cannot be shown.`,
      detail: `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.`,
      isFailure: false,
    };
  }
  const description = facts.description.value;
  return entry && description && UNFINISHED.includes(entry.state)
    ? formatUnfinished(state, entry, description)
    : null;
}

/**
 * @param {State} state
 * @param {DatasetEntry} entry
 * @param {Description} description
 * @returns {Message | null}
 */
function formatUnfinished(state, entry, description) {
  const isBuilding = entry.state === 'building';
  if (!description.manifest && !isBuilding)
    return {
      words: `“${entry.id}” has no maps yet.`,
      detail: formatEnd(entry),
      isFailure: false,
    };
  if (!description.manifest)
    return {
      words: 'The model is loading.',
      detail: 'Maps appear here as soon as the first are computed.',
      isFailure: false,
    };
  const name = chosenMap(state);
  if (name && state.method && headsReady(description.maps_ready, state.method, state.dims) === 0) {
    const detail = isBuilding
      ? 'It appears head by head; other maps may be ready.'
      : 'Other maps may be ready.';
    return {
      words: `${formatMap(state.method, state.dims)} is not computed yet.`,
      detail,
      isFailure: false,
    };
  }
  return null;
}
