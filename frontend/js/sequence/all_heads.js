/** The mean pattern of every head as a grid of small heat maps, in a dialog. */

import { formatAllHeads } from '../data/mean_text.js';
import { el, ICONS, icon, setText } from '../ui/dom.js';
import { formatHead, formatTitle } from '../ui/labels.js';
import { createFigureButtons } from '../figure/figure_buttons.js';
import { heatRamp, paintHeatMap } from '../ui/heat_map.js';

/** @import { Context, HeadId } from '../page.js' */
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
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Close (Esc)',
      onClick: () => dialog.close(),
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Close'),
  );
  const dialog = el(
    'dialog',
    {
      class: 'heads',
      'aria-label': 'Mean attention by position in every head',
      onClose: stop,
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
      close,
    ),
    words,
    grid,
  );
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

  /** @param {MouseEvent} event */
  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  async function open() {
    const shown = last;
    if (!shown || shown.state.dataset === null) return;
    if (!dialog.open) dialog.showModal();
    stop();
    const own = (asked = new AbortController());
    grid.replaceChildren();
    setText(words, 'Loading the means of all heads …');
    try {
      const means = await api.aggregates(
        shown.state.dataset,
        shown.n,
        shown.state.weight,
        own.signal,
      );
      if (own.signal.aborted) return;
      await draw(shown, means, own.signal);
    } catch (error) {
      if (own.signal.aborted) return;
      const again = el('button', { class: 'button', type: 'button', onClick: open }, 'Try again');
      setText(
        words,
        'Could not load the means of all heads. ' +
          `${error instanceof Error ? error.message : String(error)}`,
      );
      grid.replaceChildren(again);
    }
  }

  /**
   * @param {Shown} shown
   * @param {Means} means
   * @param {AbortSignal} signal
   */
  async function draw({ state, n, tokens }, means, signal) {
    const hidden = state.hidden.length > 0 ? ' Hidden tokens are counted here.' : '';
    setText(words, `${formatAllHeads(means, n, tokens)}${hidden}`);
    grid.style.setProperty('--columns', String(means.nHeads));
    const ramp = heatRamp(state.palette);
    const size = means.n * means.n;
    for (let i = 0; i < means.nLayers * means.nHeads; i++) {
      if (i % AT_ONCE === AT_ONCE - 1)
        await new Promise((resolve) => {
          setTimeout(resolve);
        });
      if (signal.aborted) return;
      const at = { layer: Math.floor(i / means.nHeads), head: i % means.nHeads };
      grid.append(
        makeCell(
          at,
          { n: means.n, pattern: means.patterns.subarray(i * size, (i + 1) * size) },
          ramp,
          state.at,
        ),
      );
    }
  }

  /**
   * @param {HeadId} at
   * @param {{n: number, pattern: Float32Array}} mean
   * @param {Uint32Array} ramp
   * @param {HeadId | null} current
   */
  function makeCell(at, mean, ramp, current) {
    const canvas = el('canvas', { class: 'squares__canvas', 'aria-hidden': 'true' });
    const largest = paintHeatMap(canvas, mean, ramp, false);
    const isOpen = current?.layer === at.layer && current.head === at.head;
    return el(
      'button',
      {
        class: 'heads__cell',
        type: 'button',
        'aria-current': isOpen ? 'true' : null,
        title: `${formatHead(at)}; largest mean weight ${largest.toFixed(2)}. Click opens it.`,
        onClick: () => {
          dialog.close();
          actions.openHead(at);
        },
      },
      el('span', { class: 'heads__name' }, formatTitle(at)),
      canvas,
    );
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
