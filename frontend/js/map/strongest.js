/**
 * How true a map is for one point: its strongest partners of the corpus against what is drawn
 * nearest to it.
 */

import { mapOf } from '../data/best_map.js';
import { canvasPalette } from '../color/palettes.js';
import { unpack } from '../compute/rgba.js';
import { lastOnly } from '../compute/memo.js';
import { el, setText } from '../ui/dom.js';
import { compareNearest, formatCompared, nearestOthers } from '../compute/nearest.js';
import { chosenMap, pointOf } from '../data/points.js';
import { createPartners } from './partners.js';

/** @import { Compared } from '../compute/nearest.js' */
/** @import { Context, Facts, HeadMap, HeadMapFacts, Nearness } from '../page.js' */
/** @import { Selected, State, Tokens } from '../page.js' */
/** @import { Marks } from '../render/lines.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Partners } from './partners.js' */

const WIDTH_PX = 1;
const WEIGHT = 0.7;

/**
 * @param {HTMLElement} root the map
 * @param {Context & {redraw: () => void, theme: () => ShownTheme}} context
 */
export function createStrongest(root, { api, facts, hover, redraw, store, theme }) {
  const partners = createPartners({ api }, redraw);
  const words = el('p', { class: 'strongest', role: 'status', hidden: true });
  root.append(words);
  const compare = lastOnly(compareIn);

  /** @param {State} state @param {Tokens} tokens */
  const subjectOf = (state, tokens) => ({
    state,
    version: facts.description.value?.version ?? null,
    tokens,
  });

  /**
   * How the map of the open head shows the partners of a point; null where it is not loaded.
   *
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Selected} point
   * @param {Partners} found
   */
  function compared(state, tokens, point, found) {
    const shown = shownMap(state, facts, tokens);
    if (!shown) return null;
    const { map, own, nearness } = shown;
    return compare(map, own, nearness, pointOf(point, tokens.n), tokens.n, found);
  }

  /**
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Selected} point
   * @param {boolean} isPointed whether the mouse is over it, so that its tooltip requests its
   *   partners
   */
  function seenOf(state, tokens, point, isPointed) {
    const found = isPointed
      ? partners.known(subjectOf(state, tokens), point)
      : chosenPartners(state, facts, pointOf(point, tokens.n));
    return found && compared(state, tokens, point, found);
  }

  return {
    stop: partners.stop,
    /** The part of the tooltip of a point. @param {Tokens} tokens @param {Selected} point */
    partOf(tokens, point) {
      const state = store.get();
      return partners.partOf(subjectOf(state, tokens), point, (found) => {
        const seen =
          state.hasLines && state.hasStrongest ? compared(state, tokens, point, found) : null;
        return seen ? formatCompared(seen, point.kind === 'query') : '';
      });
    },
    /**
     * Lines to the strongest partners of the point under the mouse, or of the selected one, and
     * rings around the nearest.
     *
     * @param {State} state
     * @param {Tokens} tokens
     * @returns {Marks[]}
     */
    marks(state, tokens) {
      const pointed = hover.get();
      const point = pointed && pointed.token < tokens.n ? pointed : state.selected;
      const seen =
        point && state.at && state.hasLines && state.hasStrongest
          ? seenOf(state, tokens, point, point === pointed)
          : null;
      words.hidden = !seen || point === pointed; // under the mouse its tooltip says it
      if (!seen || !point) return [];
      const isQuery = point.kind === 'query';
      setText(
        words,
        `${isQuery ? 'Selected query' : 'Selected key'}: ${formatCompared(seen, isQuery)}`,
      );
      const own = seen.strongest.map(() => pointOf(point, tokens.n));
      const lines = {
        from: own,
        to: seen.strongest,
        weights: own.map(() => WEIGHT),
        width: WIDTH_PX,
        color: unpack(canvasPalette(theme(), state.palette).kinds[isQuery ? 1 : 0]),
      };
      return [{ cell: 0, lines, rings: seen.nearest }];
    },
    hide() {
      words.hidden = true;
    },
    destroy() {
      partners.destroy();
      words.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createStrongest>} Strongest */

/**
 * The map of the open head with its facts; null while another is shown, or none.
 *
 * @param {State} state
 * @param {Facts} facts
 * @param {Tokens} tokens
 */
function shownMap(state, { description, headMap, heads }, { n }) {
  const { at } = state;
  const name = at && mapOf(heads.value, at, chosenMap(state));
  const own = at && name ? heads.value?.get(`${at.layer},${at.head}`)?.maps[name] : null;
  const map = headMap.value;
  const isShown =
    map &&
    at &&
    map.name === name &&
    map.at.layer === at.layer &&
    map.at.head === at.head &&
    map.positions.length === 2 * n * map.dims;
  const nearness = name && description.value?.nearness[name];
  return own && isShown && nearness ? { map, own, nearness } : null;
}

/**
 * The partners that were loaded for the selected point.
 *
 * @param {State} state
 * @param {Facts} facts
 * @param {number} point
 */
function chosenPartners({ at }, { partners }, point) {
  const found = partners.value;
  return found &&
    found.point === point &&
    found.at.layer === at?.layer &&
    found.at.head === at?.head
    ? found.partners
    : null;
}

/**
 * @param {HeadMap} map
 * @param {HeadMapFacts} facts
 * @param {Nearness} nearness
 * @param {number} point
 * @param {number} nTokens
 * @param {Partners} found
 * @returns {Compared}
 */
function compareIn({ positions, dims }, { offset, scale }, nearness, point, nTokens, found) {
  const nearest = nearestOthers({ positions, dims, nTokens, offset, scale, nearness }, point);
  return compareNearest(found, nearest, point, nTokens, nearness);
}
