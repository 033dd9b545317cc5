/** The second pane: its own facts and map, linked with the first by the tokens of both. */

import { createActions } from '../state/actions.js';
import {
  createPaneStore,
  isLocked,
  paneChoices,
  pick,
  secondState,
  reconcileLinked,
} from '../state/pane_state.js';
import { createDerived } from '../data/derived.js';
import { lastOnly } from '../compute/memo.js';
import { createHover } from '../state/hover.js';
import { createLink } from '../data/token_links.js';
import { hasVectors } from '../data/stored_vectors.js';
import { loadAllTexts } from '../data/text_pieces.js';
import { createLoader } from '../data/loader.js';
import { createMarks } from '../marked_points/marked_points.js';
import { reconcile } from '../state/selectors.js';
import { createPaneFrame } from './pane_frame.js';
import { createPaneHead } from './pane_head.js';
import { createStage } from './stage.js';
import { freshValue } from '../data/slots.js';

/** @import { Hover } from '../state/hover.js' */
/** @import { Link } from '../data/token_links.js' */
/** @import { Context, Facts, PaneName, State, Store } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Tokens } from '../page.js' */
/** @import { Stage } from './stage.js' */

/**
 * @param {HTMLElement} root holds the stage of the first pane
 * @param {object} parts
 * @param {Store} parts.choices of the page
 * @param {Context} parts.first
 * @param {Stage} parts.stage of the first pane
 * @param {() => ShownTheme} parts.theme
 * @param {() => void} parts.schedule
 * @param {() => void} parts.openHeads
 * @param {(panes: Record<PaneName, Context>) => {update: (state: State) => void, destroy: () =>
 *   void}} parts.compare makes the comparison of both
 * @param {(name: PaneName) => void} parts.bring called when a pane is used
 */
export function createSecondPane(
  root,
  { choices, first, stage: firstStage, theme, schedule, openHeads, compare, bring },
) {
  const {
    facts,
    update: load,
    retry,
    destroy: stopLoading,
  } = createLoader(
    first.api,
    schedule,
    () => first.facts,
    first.facts.datasets,
    first.userSequences,
  );
  const link = createLinkReader(first.facts, facts, schedule);
  const store = createPaneStore(choices, 'B', () => link()?.kind !== 'none');
  const marks = createMarks(store, facts);
  const hover = createHover();
  /** @type {Context} */
  const context = {
    ...first,
    store,
    facts,
    marks,
    hover,
    retry,
    pane: () => 'B',
    actions: createActions(store, facts, marks),
    derived: createPaneDerived(first, facts, schedule),
  };
  const stage = createStage(root, { ...context, openHeads, theme, drawn: () => {} });
  const frame = createPaneFrame(root, firstStage, () =>
    first.actions.choose({ comparison: 'pattern' }),
  );
  const heads = [
    createPaneHead(firstStage.element, first, {
      close: () => store.closeBeside(),
      use: () => bring('A'),
    }),
    createPaneHead(stage.element, context, {
      close: () => first.store.closeBeside(),
      use: () => bring('B'),
    }),
  ];
  const comparison = compare({ A: first, B: context });
  const stops = [
    comparison.destroy,
    linkGrids(firstStage, stage),
    linkHovers(first.hover, hover, link, (name) => isLocked(choices.get().locked, name)),
    stopLoading,
    ...heads.map(({ destroy }) => destroy),
    frame.destroy,
    stage.destroy,
  ];

  /** Whether the tokens are those of the chosen datasets, not of former ones. */
  function areShown(/** @type {State} */ { compare, dataset }) {
    return isShown(first.facts, dataset) && isShown(facts, compare?.dataset ?? null);
  }

  return {
    context,
    stage,
    link,
    /**
     * Change choices that the facts do not allow, and select the counterpart of what is selected
     * in the other pane.
     *
     * @param {State} state
     * @returns {boolean} whether something was changed
     */
    reconcile(state) {
      const { change, notices } = reconcile(
        {
          ...secondState(state),
          color: null,
          similarWith: null,
          score: null,
          order: null,
          filterScore: null,
        },
        facts,
        first.userSequences.nTokens,
      );
      notices.forEach(first.notify);
      const own = pick(change, (name) => name in paneChoices(state));
      if (Object.keys(own).length > 0) store.set(own, 'reconcile');
      else choices.set(reconcileLinked(state, areShown(state) ? link() : null), 'reconcile');
      return choices.get() !== state;
    },
    /** @param {State} state */
    load: (state) => load(secondState(state)),
    /** @param {State} state @param {PaneName} activePane */
    update(state, activePane) {
      const second = secondState(state);
      stage.update(second);
      heads[0].update(state, activePane === 'A');
      heads[1].update(second, activePane === 'B');
      frame.update(link(), state, hasVectors(first.facts) && hasVectors(facts));
      comparison.update(state);
    },
    destroy() {
      for (const stop of stops) stop();
      first.hover.set(null);
    },
  };
}

/** @typedef {ReturnType<typeof createSecondPane>} SecondPane */

/**
 * Return what gives the link of both panes; null while the tokens of one are not there.
 *
 * @param {Facts} first
 * @param {Facts} second
 * @param {() => void} changed called when texts have come
 */
function createLinkReader(first, second, changed) {
  const make = lastOnly(
    (
      /** @type {string} */ _first,
      /** @type {string} */ _second,
      /** @type {Tokens} */ _tokens,
      /** @type {Tokens} */ _others,
    ) => {
      const [a, b] = [sideOf(first), sideOf(second)];
      return a && b && createLink(a, b);
    },
  );
  return () => {
    const [a, b] = [sideOf(first), sideOf(second)];
    // Other datasets are linked by their texts.
    if (a && b && a.name !== b.name && areTextsComing(changed, a.tokens, b.tokens)) return null;
    return a && b && make(a.name, b.name, a.tokens, b.tokens);
  };
}

/**
 * Load the texts that are not there.
 *
 * @param {() => void} changed called when they are
 * @param {Tokens[]} corpora
 */
function areTextsComing(changed, ...corpora) {
  const coming = corpora.map(loadAllTexts).filter((one) => one !== null);
  // After a failure the next update asks again.
  for (const one of coming) one.then(changed, () => {});
  return coming.length > 0;
}

/** @param {Facts} facts @param {string | null} dataset */
function isShown({ description, tokens }, dataset) {
  return description.value?.manifest?.id === dataset && freshValue(tokens) !== null;
}

/** @param {Facts} facts */
function sideOf({ description, tokens }) {
  const manifest = description.value?.manifest;
  return manifest && tokens.value ? { name: manifest.id, manifest, tokens: tokens.value } : null;
}

/**
 * Derived values of the second pane; those of tokens that both panes show are shared.
 *
 * @param {Context} first
 * @param {Facts} facts
 * @param {() => void} changed
 */
function createPaneDerived(first, facts, changed) {
  const own = createDerived(facts, changed);
  const of = () =>
    facts.tokens.value !== null && facts.tokens.value === first.facts.tokens.value
      ? first.derived
      : own;
  return {
    ...own,
    hits: (/** @type {State} */ state) => of().hits(state),
    words: () => of().words(),
  };
}

/**
 * Scroll and zoom the grid of one pane with that of the other, where both have the same shape.
 *
 * @param {Stage} first
 * @param {Stage} second
 */
function linkGrids(first, second) {
  /** @param {Stage} from @param {Stage} to */
  const follow = (from, to) =>
    from.gridSight.subscribe((sight) => {
      if (sight) to.followGrid(sight);
    });
  const stops = [follow(first, second), follow(second, first)];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Point at the counterpart of what is pointed at in the other pane.
 *
 * @param {Hover} first
 * @param {Hover} second
 * @param {() => Link | null} link
 * @param {(name: PaneName) => boolean} isFixed whether a pane does not follow the other
 */
function linkHovers(first, second, link, isFixed) {
  let isFollowing = false;
  /** @param {Hover} from @param {Hover} to @param {boolean} isFirst */
  const follow = (from, to, isFirst) =>
    from.subscribe((point) => {
      if (isFollowing || isFixed(isFirst ? 'B' : 'A')) return;
      isFollowing = true;
      const [token, ...more] = (point && link()?.partners(point.token, isFirst)) || [];
      to.set(point && token !== undefined ? { kind: point.kind, token } : null, more);
      isFollowing = false;
    });
  const stops = [follow(first, second, true), follow(second, first, false)];
  return () => {
    for (const stop of stops) stop();
  };
}
