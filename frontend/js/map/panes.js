/** One pane or two: opens and closes the second as the choices say. */

import { createSecondPane } from './second_pane.js';

/** @import { ActivePane } from '../state/active_pane.js' */
/** @import { Context, State } from '../page.js' */
/** @import { SecondPane } from './second_pane.js' */
/** @import { Stage } from './stage.js' */

/**
 * @param {HTMLElement} root
 * @param {Omit<Parameters<typeof createSecondPane>[1], 'bring'>} parts
 * @param {ActivePane} activePane
 */
export function createPanes(root, parts, activePane) {
  /** @type {SecondPane | null} */
  let second = null;
  let hasBeenOne = false;

  /** @param {SecondPane | null} next */
  function join(next) {
    second?.destroy();
    second = next;
    root.classList.toggle('is-split', next !== null);
    activePane.join(next?.context ?? null);
    // a pane that was just opened is about to be changed
    if (next && hasBeenOne) activePane.bring('B');
  }

  return {
    facts: () => second?.context.facts ?? null,
    /** Whether tokens of one pane stand for some of the other. */
    isLinked: () => second?.link()?.kind !== 'none',
    /** What both panes show, or the one. @returns {(Context & {drawing: Stage['drawing']})[]} */
    shown: () => [
      { ...parts.first, drawing: parts.stage.drawing },
      ...(second ? [{ ...second.context, drawing: second.stage.drawing }] : []),
    ],
    stage: () => (second && activePane.name() === 'B' ? second.stage : parts.stage),
    /** @param {State} state */
    reconcile: (state) => Boolean(state.compare && second?.reconcile(state)),
    /** @param {State} state */
    load(state) {
      if (state.compare) second?.load(state);
    },
    /** @param {State} state */
    update(state) {
      if (!state.compare && second) join(null);
      else if (state.compare && !second) {
        join(createSecondPane(root, { ...parts, bring: activePane.bring }));
        parts.schedule();
      } else if (state.compare) second?.update(state, activePane.name());
      hasBeenOne ||= state.compare === null;
    },
  };
}
