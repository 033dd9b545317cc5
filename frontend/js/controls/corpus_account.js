/**
 * What became of a corpus: one line that adds up, and on demand what was left out, why, and what
 * was found out about its file.
 */

import { accountSummary, formatLeftOut } from '../data/corpus_account.js';
import { corpusText, el } from '../ui/dom.js';
import { visibleText } from '../ui/labels.js';

/** @import { Account } from '../page.js' */

/**
 * Nothing for a dataset of an earlier format, which has no account.
 *
 * @param {Account | null | undefined} account
 */
export function corpusAccount(account) {
  if (!account) return null;
  const parts = [...formatLeftOut(account), ...account.notes];
  const summary = accountSummary(account);
  if (parts.length === 0) return el('p', { class: 'account' }, summary);
  return el(
    'details',
    { class: 'account' },
    el(
      'summary',
      {
        class: 'account__line',
        title: 'What was left out and why, and what was found out about the file',
      },
      summary,
    ),
    // Names of files and columns are words of others.
    el(
      'ul',
      { class: 'account__parts' },
      ...parts.map((part) => el('li', {}, corpusText(visibleText(part)))),
    ),
  );
}
