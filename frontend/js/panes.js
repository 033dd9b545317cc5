/** One pane or two: opens and closes the second as the choices say. */

/** @import { Front } from './front.js' */
/** @import { State } from './page.js' */
/** @import { SecondPane } from './second_pane.js' */

/**
 * @param {HTMLElement} root
 * @param {Omit<Parameters<typeof import('./second_pane.js').createSecondPane>[1], 'bring'>} parts
 * @param {Front} front
 */
export function createPanes(root, parts, front) {
  const { choices, first, schedule } = parts;
  /** @type {SecondPane | null} */
  let second = null;
  let isComing = false;
  let hasBeenOne = false;

  async function open() {
    if (isComing) return;
    isComing = true;
    try {
      const { createSecondPane } = await import('./second_pane.js');
      if (choices.get().compare) join(createSecondPane(root, { ...parts, bring: front.bring }));
    } catch (error) {
      first.notify(`Could not load the second pane. ${error instanceof Error ? error.message : String(error)}`);
      choices.set({ compare: null }, 'replace');
    }
    isComing = false;
    schedule();
  }

  /** @param {SecondPane | null} next */
  function join(next) {
    second?.destroy();
    second = next;
    root.classList.toggle('is-split', next !== null);
    front.join(next?.context ?? null);
    if (next && hasBeenOne) front.bring('B'); // what was just opened is what one wants to change
  }

  return {
    facts: () => second?.context.facts ?? null,
    /** Whether tokens of one pane stand for some of the other. */
    isLinked: () => second?.link()?.kind !== 'none',
    stage: () => (second && front.name() === 'B' ? second.stage : parts.stage),
    /** @param {State} state */
    settle: (state) => Boolean(state.compare && second?.settle(state)),
    /** @param {State} state */
    load(state) { if (state.compare) second?.load(state); },
    /** @param {State} state */
    update(state) {
      if (!state.compare && second) join(null);
      else if (state.compare && !second) void open();
      else if (state.compare) second?.update(state, front.name());
      hasBeenOne ||= state.compare === null;
    },
  };
}
