/**
 * The strongest partners of a point, over the whole corpus: requested once the mouse rests, listed
 * in the tooltip, and cached for the map.
 */

import { corpusText, el, setText } from '../ui/dom.js';
import { N_STRONGEST } from '../compute/nearest.js';
import { pointOf } from '../data/points.js';
import { isOwnText, formatToken, formatTokenName } from '../ui/labels.js';
import { clipped } from '../ui/labels.js';

/** @import { Context, Selected, State, Tokens } from '../page.js' */

const REST_MS = 80;
const N_LISTED = 5;
const LONGEST = 40;
/** Answers in the cache. */
const MAX_KEPT = 500;

/** @typedef {{token: number, score: number}[]} Partners */
/**
 * The map that a point belongs to.
 *
 * @typedef {{state: Pick<State, 'dataset' | 'at'>, version: string | null, tokens: Tokens}} Subject
 */

/**
 * @param {Pick<Context, 'api'>} context
 * @param {() => void} arrived called when partners have come
 */
export function createPartners({ api }, arrived) {
  /** @type {Map<number, Partners>} */
  const kept = new Map();
  let keptFor = '';
  /** With other tokens, points have other numbers. @type {Tokens | null} */
  let keptTokens = null;
  /** @type {{index: number, call: AbortController} | null} */
  let asked = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;

  function stop() {
    clearTimeout(rest);
    asked?.call.abort();
    asked = null;
  }

  /**
   * The cached partners of a point; a point of another map empties the cache.
   *
   * @param {Subject} subject
   * @param {Selected} point
   */
  function known({ state: { dataset, at }, version, tokens }, point) {
    const name = `${dataset} ${version} ${at?.layer},${at?.head}`;
    if (name !== keptFor || tokens !== keptTokens) {
      kept.clear();
      stop();
    }
    [keptFor, keptTokens] = [name, tokens];
    return kept.get(pointOf(point, tokens.n)) ?? null;
  }

  return {
    stop,
    known,
    /**
     * Return the part of the tooltip that lists them. It has its final height at once, so that
     * nothing moves when they arrive.
     *
     * @param {Subject} subject
     * @param {Selected} point
     * @param {(partners: Partners) => string} assess how the map shows them
     * @returns {HTMLElement}
     */
    partOf(subject, point, assess) {
      const {
        state: { dataset, at },
        tokens,
      } = subject;
      stop();
      const rows = Array.from({ length: Math.min(N_LISTED, tokens.n) }, () => el('li', {}, '…'));
      const assessment = el('p', { class: 'tooltip__help tooltip__judged' }, '\u00a0');
      const part = el(
        'div',
        { class: 'tooltip__partners' },
        el(
          'p',
          { class: 'soft' },
          `Strongest ${point.kind === 'query' ? 'keys' : 'queries'} in the corpus, by score`,
        ),
        el('ol', {}, ...rows),
        assessment,
      );
      if (dataset === null || at === null) return part;
      /** @param {Partners | null} found */
      const show = (found) => {
        fill(rows, tokens, found);
        setText(assessment, found ? assess(found) : '');
      };
      const found = known(subject, point);
      if (found) show(found);
      else rest = setTimeout(() => ask(dataset, at, pointOf(point, tokens.n), show), REST_MS);
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
    const call = new AbortController();
    asked = { index, call };
    try {
      const found = await api.partners(dataset, at, index, N_STRONGEST, call.signal);
      if (call.signal.aborted) return;
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(index, found);
      then(found);
      arrived();
    } catch {
      if (!call.signal.aborted) then(null);
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
    if (!partner)
      return row.replaceChildren(i === 0 && !found ? 'The server does not say.' : '\u00a0');
    row.replaceChildren(
      el('span', { class: 'tooltip__partner' }, formatPartner(tokens, partner.token)),
      el('span', {}, partner.score.toFixed(2).replace('-', '−')),
    );
  });
}

/**
 * @param {Tokens} tokens
 * @param {number} token
 */
function formatPartner(tokens, token) {
  if (isOwnText(tokens, token) && tokens.row === null)
    return corpusText(clipped(formatToken(tokens, token), LONGEST));
  const name =
    tokens.sequences.columns.label?.[tokens.sequence[token]] ??
    tokens.sequences.text[tokens.sequence[token]];
  return corpusText(
    `${clipped(String(name), LONGEST)}, ${formatTokenName(tokens, token).replace('patch, ', '')}`,
  );
}
