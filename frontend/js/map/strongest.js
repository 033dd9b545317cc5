/**
 * How true a map is for one point: its strongest partners of the corpus against what is drawn
 * nearest to it.
 */

import { mapOf } from '../data/best_map.js';
import { canvasPalette } from '../color/palettes.js';
import { unpack } from '../compute/rgba.js';
import { lastOnly } from '../compute/memo.js';
import { hasVectors } from '../data/stored_vectors.js';
import { compareNearest, formatCompared, nearestOthers } from '../compute/nearest.js';
import { chosenMap, detailsOf, pointOf } from '../data/points.js';
import { createPartners } from './partners.js';

/** @import { Compared } from '../compute/nearest.js' */
/** @import { Context, Facts, HeadMap, HeadMapFacts, Nearness } from '../page.js' */
/** @import { Selected, State, Tokens } from '../page.js' */
/** @import { Lines } from '../render/lines.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Partners } from './partners.js' */

const WIDTH_PX = 1.25;
const WEIGHT = 0.8;
/** Unlike attention lines, which are solid, CSS pixels. */
const DASH = /** @type {const} */ ([5, 4]);

/**
 * Lines to the strongest partners, rings around the nearest points, and how they agree.
 *
 * @typedef {{lines: Lines, rings: ArrayLike<number>, words: string}} ComparedMarks
 */

/** @param {Context & {redraw: () => void}} context */
export function createStrongest({ api, facts, hover, redraw, store }) {
  const partners = createPartners({ api }, redraw);
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
    /**
     * The part of the tooltip of a point; null in a dataset without queries and keys.
     *
     * @param {Tokens} tokens
     * @param {Selected} point
     */
    partOf(tokens, point) {
      if (!hasVectors(facts)) return null;
      const state = store.get();
      /** @param {Partners} found */
      const assess = (found) => {
        const seen = compared(state, tokens, point, found);
        return seen ? formatCompared(seen, point.kind === 'query') : '';
      };
      return partners.partOf(subjectOf(state, tokens), point, state.hasStrongest ? assess : null);
    },
    /**
     * Lines to the strongest partners of the point under the mouse, or of the selected one, rings
     * around the nearest, and how they agree; null where they are not asked for or not there.
     *
     * @param {State} state
     * @param {Tokens} tokens
     * @param {ShownTheme} shownTheme
     * @returns {ComparedMarks | null}
     */
    found(state, tokens, shownTheme) {
      const pointed = hover.get();
      const point = pointed && pointed.token < tokens.n ? pointed : state.selected;
      const seen =
        point && state.at && state.hasStrongest
          ? seenOf(state, tokens, point, point === pointed)
          : null;
      if (!seen || !point) return null;
      const isQuery = point.kind === 'query';
      const own = seen.strongest.map(() => pointOf(point, tokens.n));
      const lines = {
        from: own,
        to: seen.strongest,
        weights: own.map(() => WEIGHT),
        width: WIDTH_PX,
        dash: DASH,
        color: unpack(canvasPalette(shownTheme, state.palette).kinds[isQuery ? 1 : 0]),
      };
      return { lines, rings: seen.nearest, words: formatCompared(seen, isQuery) };
    },
    destroy: partners.stop,
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
function shownMap(state, facts, { n }) {
  const { at } = state;
  const { description, headMap, heads } = facts;
  const name = at && mapOf(heads.value, at, chosenMap(state));
  const own = name ? detailsOf(facts, at)?.maps[name] : null;
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
