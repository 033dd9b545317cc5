/** The strongest partners of the point under the mouse, over the whole corpus; asked for once the mouse rests. */

import { corpusText, el } from '../dom.js';
import { isOwnText, tokenWords, visibleText } from '../words.js';
import { clipped } from './point_words.js';

/** @import { Context, Selected, State, Tokens } from '../page.js' */

const REST_MS = 80;
const N_PARTNERS = 5;
const LONGEST = 40;
/** Answers that are kept, so that going back and forth asks nothing. */
const MOST_KEPT = 500;

/** @typedef {{token: number, score: number}[]} Partners */

/** @param {Pick<Context, 'api'>} context */
export function createPartners({ api }) {
  /** @type {Map<number, Partners>} */
  const kept = new Map();
  let keptFor = '';
  /** @type {AbortController | null} */
  let asked = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;

  function stop() {
    clearTimeout(rest);
    asked?.abort();
    asked = null;
  }

  return {
    stop,
    /**
     * Return the part of the sheet that lists them: as high at once as it will be, so that nothing moves.
     *
     * @param {State} state
     * @param {string | null} version of the dataset
     * @param {Tokens} tokens
     * @param {Selected} point
     * @returns {HTMLElement}
     */
    partOf({ dataset, at }, version, tokens, point) {
      stop();
      const rows = Array.from({ length: Math.min(N_PARTNERS, tokens.n) }, () => el('li', {}, '…'));
      const part = el('div', { class: 'tooltip__partners' }, el('p', { class: 'soft' }, `Strongest ${point.kind === 'query' ? 'keys' : 'queries'} in the corpus, by score`), el('ol', {}, ...rows));
      if (dataset === null || at === null) return part;
      const subject = `${dataset} ${version} ${at.layer},${at.head}`;
      if (subject !== keptFor) kept.clear();
      keptFor = subject;
      const index = point.kind === 'query' ? point.token : tokens.n + point.token;
      const known = kept.get(index);
      if (known) fill(rows, tokens, known);
      else rest = setTimeout(() => ask(dataset, at, index, (found) => fill(rows, tokens, found)), REST_MS);
      return part;
    },
    destroy: stop,
  };

  /**
   * @param {string} dataset
   * @param {NonNullable<State['at']>} at
   * @param {number} index
   * @param {(found: Partners | null) => void} then
   */
  async function ask(dataset, at, index, then) {
    const own = new AbortController();
    asked = own;
    try {
      const found = await api.partners(dataset, at, index, N_PARTNERS, own.signal);
      if (own.signal.aborted) return;
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(index, found);
      then(found);
    } catch {
      if (!own.signal.aborted) then(null);
    }
  }
}

/**
 * @param {HTMLElement[]} rows
 * @param {Tokens} tokens
 * @param {Partners | null} found null where the server did not say
 */
function fill(rows, tokens, found) {
  rows.forEach((row, i) => {
    const partner = found?.[i];
    if (!partner) return row.replaceChildren(i === 0 && !found ? 'The server does not say.' : '\u00a0');
    row.replaceChildren(el('span', { class: 'tooltip__partner' }, partnerWords(tokens, partner.token)), el('span', {}, partner.score.toFixed(2).replace('-', '−')));
  });
}

/**
 * @param {Tokens} tokens
 * @param {number} token
 */
function partnerWords(tokens, token) {
  if (isOwnText(tokens, token) && tokens.row === null) return corpusText(clipped(visibleText(tokens.text[token]), LONGEST));
  const name = tokens.sequences.columns.label?.[tokens.sequence[token]] ?? tokens.sequences.text[tokens.sequence[token]];
  return corpusText(`${clipped(String(name), LONGEST)}, ${tokenWords(tokens, token).replace('patch, ', '')}`);
}
