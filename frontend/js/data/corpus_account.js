/**
 * Text on how many records of a corpus were read, taken, cut, and left out, with the reasons.
 */

import { count, counted } from '../compute/number_text.js';

/** @import { Account } from '../page.js' */

/** Examples listed per reason. */
const N_NAMED = 3;

/**
 * The summary, such as "412 rows read, 400 taken (3 cut), 12 left out".
 *
 * @param {Account} account
 */
export function accountSummary({ unit, n_read: nRead, n_taken: nTaken, n_cut: nCut }) {
  const nLeftOut = nRead - nTaken;
  const cut = nCut > 0 ? ` (${count(nCut)} cut)` : '';
  const taken = `${nLeftOut === 0 ? 'all' : count(nTaken)} taken${cut}`;
  return (
    `${counted(nRead, unit)} read, ` +
    `${taken}${nLeftOut > 0 ? `, ${count(nLeftOut)} left out` : ''}`
  );
}

/**
 * One text per reason for leaving records out, such as "9 blank (line 4, line 9, line 12, …)".
 *
 * @param {Account} account
 */
export function formatLeftOut({ left_out: parts }) {
  return parts.map(({ reason, n, examples }) => {
    const named = examples.slice(0, N_NAMED);
    const more = n > named.length ? ', …' : '';
    return `${count(n)} ${reason}${named.length > 0 ? ` (${named.join(', ')}${more})` : ''}`;
  });
}

/** Summary and reasons in one sentence. @param {Account} account */
export function formatAccount(account) {
  return [accountSummary(account), formatLeftOut(account).join(', ')].filter(Boolean).join(': ');
}
