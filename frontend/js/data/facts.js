/** Server data, in one slot per kind of response. */

import { createSlot } from './slots.js';

/** @import { Facts } from '../page.js' */

/**
 * @param {() => void} changed
 * @param {() => Facts | null} beside the facts of another pane, whose answers need not be asked for
 *   again
 * @param {Facts['datasets']} [datasets] the list, where someone else asks for it
 * @returns {Facts}
 */
export function createFacts(
  changed,
  beside,
  datasets = createSlot('the list of datasets', changed),
) {
  /** @param {keyof Facts} name @param {string} what @returns {any} */
  const slot = (name, what) =>
    createSlot(
      what,
      changed,
      (key) => /** @type {Promise<any> | null} */ (beside()?.[name].answerTo(key) ?? null),
    );
  return Object.freeze({
    datasets,
    description: slot('description', 'the description of the dataset'),
    tokens: slot('tokens', 'the tokens'),
    gridTokens: slot('gridTokens', 'the tokens of the grid'),
    grid: slot('grid', 'the maps of all heads'),
    gridNorms: slot('gridNorms', 'the norms of the grid'),
    heads: slot('heads', 'the numbers of the heads'),
    headMap: slot('headMap', 'the map of this head'),
    headNorms: slot('headNorms', 'the norms of this head'),
    tokenScores: slot('tokenScores', 'the attention of all tokens in this head'),
    attention: slot('attention', 'the attention of this sequence'),
    aggregate: slot('aggregate', 'the mean attention of this head'),
    partners: slot('partners', 'the strongest partners of this point'),
    patches: slot('patches', 'the patches'),
    pairs: slot('pairs', 'how every head scores the pairs'),
  });
}
