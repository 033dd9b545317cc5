/** The mean pattern of every head as a grid of small heat maps, in a dialog. */

import { cellsOfHeads } from '../compute/model_heads.js';
import { formatAllHeads } from '../data/mean_text.js';
import { closeButton, closeOutside } from '../ui/dialog.js';
import { el, ICONS, icon, setText } from '../ui/dom.js';
import { formatHead, formatTitle } from '../ui/labels.js';
import { createFigureButtons } from '../figure/figure_buttons.js';
import { heatRamp, paintHeatMap } from '../ui/heat_map.js';

/** @import { Model } from '../compute/model_heads.js' */
/** @import { Context, HeadId } from '../page.js' */
/** @import { Layers } from '../ui/labels.js' */
/** @import { Shown } from './panel.js' */

/** @typedef {Awaited<ReturnType<Context['api']['aggregates']>>} Means */

/** Heads that are drawn before the page breathes again. */
const AT_ONCE = 64;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createAllHeads(root, context) {
  const { actions, api } = context;
  const button = el(
    'button',
    {
      class: 'button',
      type: 'button',
      title: 'The mean pattern of every head, as small heat maps',
      onClick: open,
    },
    icon(ICONS.grid),
    'All heads',
  );
  const words = el('p', { class: 'heads__words soft', role: 'status' });
  const grid = el('div', { class: 'heads__grid' });
  const dialog = makeDialog(context, words, grid, stop);
  root.append(button);
  document.body.append(dialog);
  /** @type {Shown | null} */
  let last = null;
  /** @type {AbortController | null} */
  let asked = null;

  function stop() {
    asked?.abort();
    asked = null;
  }

  async function open() {
    const shown = last;
    if (!shown || shown.state.dataset === null) return;
    if (!dialog.open) dialog.showModal();
    stop();
    const { signal } = (asked = new AbortController());
    grid.replaceChildren();
    setText(words, 'Loading the means of all heads …');
    try {
      const { dataset, weight } = shown.state;
      const means = await api.aggregates(dataset, shown.n, weight, signal);
      if (signal.aborted) return;
      setText(words, formatWords(means, shown));
      const model = context.facts.description.value?.manifest;
      if (model) await drawHeads(grid, shown, { means, model }, openHead, signal);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      setText(words, `Could not load the means of all heads. ${reason}`);
      grid.replaceChildren(
        el('button', { class: 'button', type: 'button', onClick: open }, 'Try again'),
      );
    }
  }

  /** @param {HeadId} at */
  function openHead(at) {
    dialog.close();
    actions.openHead(at);
  }

  return {
    /** @param {Shown} shown */
    update(shown) {
      last = shown;
    },
    destroy() {
      stop();
      button.remove();
      dialog.remove();
    },
  };
}

/**
 * @param {Context} context
 * @param {HTMLElement} words
 * @param {HTMLElement} grid
 * @param {() => void} onClose
 */
function makeDialog(context, words, grid, onClose) {
  return el(
    'dialog',
    {
      class: 'heads',
      'aria-label': 'Mean attention by position in every head',
      onClose,
      onClick: closeOutside,
    },
    el(
      'div',
      { class: 'heads__head' },
      el('h2', {}, 'Mean by position, all heads'),
      createFigureButtons('all-heads', 'the means of all heads', {
        ...context,
        notify: (said) => setText(words, said),
      }),
      closeButton(),
    ),
    words,
    grid,
  );
}

/** @param {Means} means @param {Shown} shown */
function formatWords(means, { n, state, tokens }) {
  const hidden = state.hidden.length > 0 ? ' Hidden tokens are counted here.' : '';
  return `${formatAllHeads(means, n, tokens)}${hidden}`;
}

/**
 * @param {HTMLElement} grid
 * @param {Shown} shown
 * @param {{means: Means, model: Model}} of
 * @param {(at: HeadId) => void} onOpen
 * @param {AbortSignal} signal
 */
async function drawHeads(grid, { state }, { means, model }, onOpen, signal) {
  grid.style.setProperty('--columns', String(means.nHeads));
  const ramp = heatRamp(state.palette);
  const size = means.n * means.n;
  for (const [drawn, i] of cellsOfHeads(model).entries()) {
    if (drawn % AT_ONCE === AT_ONCE - 1)
      await new Promise((resolve) => {
        setTimeout(resolve);
      });
    if (signal.aborted) return;
    const at = { layer: Math.floor(i / means.nHeads), head: i % means.nHeads };
    const mean = { n: means.n, pattern: means.patterns.subarray(i * size, (i + 1) * size) };
    const isOpen = state.at?.layer === at.layer && state.at.head === at.head;
    const cell = makeCell(at, mean, ramp, isOpen, () => onOpen(at), model.layers);
    cell.style.gridColumnStart = String(at.head + 1);
    grid.append(cell);
  }
}

/**
 * @param {HeadId} at
 * @param {{n: number, pattern: Float32Array}} mean
 * @param {Uint32Array} ramp
 * @param {boolean} isOpen
 * @param {() => void} onClick
 * @param {Layers} layers
 */
function makeCell(at, mean, ramp, isOpen, onClick, layers) {
  const canvas = el('canvas', { class: 'pattern-matrix__canvas', 'aria-hidden': 'true' });
  const largest = paintHeatMap(canvas, mean, ramp);
  return el(
    'button',
    {
      class: 'heads__cell',
      type: 'button',
      'aria-current': isOpen ? 'true' : null,
      title:
        `${formatHead(at, layers)}; largest mean weight ${largest.toFixed(2)}. ` +
        'Click opens it.',
      onClick,
    },
    el('span', { class: 'heads__name' }, formatTitle(at, layers)),
    canvas,
  );
}
