/**
 * The tooltip of a point of a head: what it is, its attention in its own sequence, its colour in
 * words, its strongest partners in the corpus.
 */

import { formatValue } from '../color/color_modes.js';
import { selectedAt } from '../data/points.js';
import { formatUserToken } from '../data/user_sequence_text.js';
import { createOwnAttention } from './own_attention.js';
import { imagePart, pointParts } from './point_text.js';

/** @import { Context, Selected, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { Strongest } from './strongest.js' */
/** @import { Tooltip } from '../ui/tooltip.js' */

/**
 * @param {Pick<Context, 'api' | 'derived' | 'facts' | 'store'> & {theme: () => ShownTheme, tooltip:
 *   Tooltip}} context
 * @param {Strongest} strongest
 */
export function createPointTooltip(context, strongest) {
  const { api, derived, facts, store, theme, tooltip } = context;
  const ownAttention = createOwnAttention(context);
  /**
   * What the tooltip was made of, so that it is not made again while the mouse stays on a point.
   *
   * @type {unknown[]}
   */
  let subject = [];

  /** @param {Tokens} tokens @param {number} point */
  function subjectOf(tokens, point) {
    const state = store.get();
    const { at, color, hasStrongest, search, searchMode, weight } = state;
    const known = [derived.norms(at), derived.scores(at), derived.attention(state)];
    return [tokens, point, at, color, hasStrongest, search, searchMode, weight, ...known, theme()];
  }

  /** @param {Tokens} tokens @param {Selected} point */
  function imageOf(tokens, point) {
    const { dataset } = store.get();
    const grid = facts.description.value?.manifest?.patch_grid;
    const isWord = tokens.isMixed && tokens.tokenType.at(point.token) !== 'patch';
    return grid && dataset !== null && !isWord
      ? imagePart(tokens, point, api.imageUrl(dataset, tokens.sequence[point.token]), grid)
      : null;
  }

  /**
   * What the colour mode says of a point.
   *
   * @param {Tokens} tokens
   * @param {number} point
   */
  function colorValue(tokens, point) {
    const state = store.get();
    const mode = derived.mode(state);
    if (!mode) return null;
    const points = {
      tokens,
      drawn: null,
      nCells: 1,
      norms: derived.norms(state.at),
      scores: derived.scores(state.at),
      found: derived.hits(state),
      patches: null,
      theme: theme(),
    };
    return { label: mode.label, value: formatValue(mode.name, points, point) };
  }

  return {
    colorValue,
    /**
     * @param {{x: number, y: number}} place of the point
     * @param {Tokens} tokens
     * @param {number} point
     */
    show(place, tokens, point) {
      const next = subjectOf(tokens, point);
      if (next.every((part, i) => part === subject[i])) return tooltip.place(place);
      subject = next;
      const selected = selectedAt(point, tokens.n);
      const userText = formatUserToken(tokens, selected.token, facts.headMap.value?.name ?? null);
      const parts = [
        ...pointParts(tokens, selected, {
          attention: ownAttention.partOf(tokens, selected),
          colorValue: colorValue(tokens, point),
          image: imageOf(tokens, selected),
          userText,
        }),
        strongest.partOf(tokens, selected),
      ];
      tooltip.show(
        place,
        parts.filter((part) => part !== null),
      );
    },
    hide() {
      subject = [];
      ownAttention.stop();
      strongest.stop();
      tooltip.hide();
    },
  };
}

/** @typedef {ReturnType<typeof createPointTooltip>} PointTooltip */
