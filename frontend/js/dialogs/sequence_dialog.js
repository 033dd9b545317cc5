/**
 * All sentences or images in a table, to filter, sort and open; only the rows in sight are on the
 * page.
 */

import {
  createCleanup,
  el,
  icon,
  ICONS,
  setAttribute,
  setText,
  VERBATIM_FIELD,
} from '../ui/dom.js';
import { download, TABLE_TYPES } from '../ui/download.js';
import { lastOnly } from '../compute/memo.js';
import { columnsOf, rowsOf, searchedText, tableCsv } from './sequence_table.js';
import { formatHead, sequenceWord } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { tokenOfImage } from '../sequence/image_strip.js';
import { createSequenceRows } from './sequence_rows.js';

/** @import { Column, Order, SequenceScores } from './sequence_table.js' */
/** @import { Context, HeadId, Tokens } from '../page.js' */

/** @typedef {Awaited<ReturnType<Context['api']['sequenceScores']>>} Answer */

/**
 * @param {HTMLElement} root
 * @param {Context & {showPanel: () => void}} context
 */
export function createSequenceDialog(root, context) {
  const { actions, api, facts, retry, showPanel, store } = context;
  const cleanup = createCleanup();
  const title = el('h2', { id: 'sequences-title' });
  const about = el('p', { class: 'sequences__about soft', role: 'status' });
  const again = el(
    'button',
    { class: 'button button--small', type: 'button', onClick: tryAgain, hidden: true },
    'Try again',
  );
  const filter = el('input', {
    class: 'input sequences__filter',
    type: 'search',
    maxlength: '200',
    ...VERBATIM_FIELD,
    autofocus: true,
    onInput: () => draw(true),
  });
  const nFound = el('span', { class: 'sequences__count', role: 'status' });
  const save = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Download these rows as a table',
      onClick: saveTable,
    },
    'CSV',
  );
  const close = el(
    'button',
    {
      class: 'button button--quiet button--icon',
      type: 'button',
      title: 'Close (Esc)',
      onClick: () => dialog.close(),
    },
    icon(ICONS.close),
    el('span', { class: 'visually-hidden' }, 'Close'),
  );
  const dialog = el(
    'dialog',
    {
      class: 'sequences',
      'aria-labelledby': 'sequences-title',
      onClick: closeOutside,
      onClose: stop,
    },
    el('div', { class: 'sequences__head' }, title, close),
    el(
      'div',
      { class: 'sequences__tools' },
      el(
        'label',
        { class: 'sequences__label' },
        el('span', { class: 'visually-hidden' }, 'Filter rows'),
        filter,
      ),
      nFound,
      save,
    ),
    about,
    again,
  );
  root.append(dialog);
  const table = createSequenceRows(dialog, { pick: open, sort });
  const columns = lastOnly(columnsOf);
  const searched = lastOnly(searchedText);
  /** @type {Order} */
  let order = { name: 'number', isDescending: false };
  /** @type {SequenceScores} */
  let scores = null;
  /** @type {AbortController | null} */
  let asked = null;
  /** @type {number[]} */
  let rows = [];
  /** Whose rows are shown. @type {Tokens | null} */
  let shown = null;

  /** @param {MouseEvent} event */
  function closeOutside(event) {
    if (event.target === dialog) dialog.close();
  }

  function stop() {
    asked?.abort();
    asked = null;
  }

  /** The corpus, once it is there. @returns {Tokens | null} */
  const corpus = () => facts.tokens.value;

  function tryAgain() {
    if (corpus()) void ask();
    else retry();
  }

  /** A dialog opened before its corpus is there says so, and fills when it comes. */
  function update() {
    if (!dialog.open) return;
    const tokens = corpus();
    table.setHidden(!tokens);
    if (!tokens) return showWaiting();
    if (tokens === shown) return;
    const isFirst = shown === null;
    shown = tokens;
    const word = sequenceWord(modalityOf(tokens));
    setText(title, `All ${word}s`);
    setAttribute(filter, 'placeholder', `Filter ${word}s and their columns …`);
    void ask();
    if (isFirst) table.reveal();
  }

  function showWaiting() {
    const isFailed = facts.tokens.status === 'failed';
    stop();
    shown = null;
    const entry = facts.datasets.value?.find(({ id }) => id === store.get().dataset);
    const word = entry?.modality ? sequenceWord(entry.modality) : 'sequence';
    setText(title, `All ${word}s`);
    setText(about, isFailed ? `Could not load the ${word}s.` : `Loading the ${word}s …`);
    setText(nFound, '');
    again.hidden = !isFailed;
    save.disabled = true;
  }

  /** Ask for the attention of every sequence, of the open head or of all. */
  async function ask() {
    const { at, dataset } = store.get();
    const tokens = corpus();
    if (dataset === null || !tokens) return;
    stop();
    const own = (asked = new AbortController());
    scores = null;
    again.hidden = true;
    setText(about, `Computing the attention of every ${sequenceWord(modalityOf(tokens))} …`);
    draw(false);
    try {
      const answer = await api.sequenceScores(dataset, at, own.signal);
      if (own.signal.aborted) return;
      scores = answer.scores;
      setText(about, formatAbout(answer, at, facts.description.value?.manifest ?? null, tokens));
    } catch (error) {
      if (own.signal.aborted) return;
      setText(
        about,
        `Could not load the attention of the ${sequenceWord(modalityOf(tokens))}s. ` +
          `${error instanceof Error ? error.message : String(error)}`,
      );
      again.hidden = false;
    }
    draw(false);
  }

  /** @param {boolean} isFromTop */
  function draw(isFromTop) {
    const tokens = corpus();
    if (!tokens) return;
    const all = columns(tokens, scores);
    const column = all.find(({ name }) => name === order.name) ?? all[0];
    const word = sequenceWord(modalityOf(tokens));
    rows = rowsOf(searched(tokens), filter.value, column, order.isDescending);
    const n = tokens.sequences.start.length;
    setText(
      nFound,
      rows.length === n ? counted(n, word) : `${count(rows.length)} of ${counted(n, word)}`,
    );
    save.disabled = rows.length === 0;
    const { dataset, selected } = store.get();
    const current = selected ? tokens.sequence[selected.token] : -1;
    const thumbnail =
      tokens.row !== null && dataset !== null
        ? (/** @type {number} */ i) => api.thumbnailUrl(dataset, i)
        : null;
    table.show({ corpus: tokens, columns: all, rows, order, current, thumbnail }, isFromTop);
  }

  /** @param {Column} column */
  function sort({ name, isNumber }) {
    // Numbers begin with the largest; a second click turns the order over.
    order = {
      name,
      isDescending: order.name === name ? !order.isDescending : isNumber && name !== 'number',
    };
    draw(true);
  }

  /** @param {number} sequence */
  function open(sequence) {
    const tokens = corpus();
    if (!tokens) return;
    dialog.close();
    showPanel();
    actions.select({
      kind: 'query',
      token:
        tokens.row === null ? tokens.sequences.start[sequence] : tokenOfImage(tokens, sequence),
    });
  }

  function saveTable() {
    const tokens = corpus();
    const { dataset, at } = store.get();
    if (!tokens) return;
    const name = [
      dataset,
      at && `L${at.layer}-H${at.head}`,
      `${sequenceWord(modalityOf(tokens))}s.csv`,
    ]
      .filter(Boolean)
      .join('-');
    download(tableCsv(columns(tokens, scores), rows), name, TABLE_TYPES.csv);
  }

  return {
    open() {
      if (dialog.open || store.get().dataset === null) return;
      shown = null;
      dialog.showModal();
      update();
    },
    update,
    destroy() {
      stop();
      cleanup.run();
      table.destroy();
      dialog.remove();
    },
  };
}

/** @param {Tokens} tokens */
function modalityOf(tokens) {
  return tokens.row === null ? 'text' : 'image';
}

/**
 * Whose attention the numbers are of, and over how many rows.
 *
 * @param {Answer} answer
 * @param {HeadId | null} at
 * @param {{n_layers: number, n_heads: number} | null} model
 * @param {Tokens} tokens
 */
export function formatAbout({ scores, nSequences, nSequencesTotal }, at, model, tokens) {
  let nRows = 0;
  for (let i = 2; i < scores.length; i += 3) if (!Number.isNaN(scores[i])) nRows += scores[i];
  const whose = at
    ? formatHead(at)
    : `mean over all ${counted((model?.n_layers ?? 0) * (model?.n_heads ?? 0), 'head')}`;
  const word = sequenceWord(modalityOf(tokens));
  const part =
    nSequences < nSequencesTotal
      ? ` Computed for ${count(nSequences)} of ${counted(nSequencesTotal, word)}, evenly ` +
        'spread; the others say –.'
      : '';
  return (
    `Keys for 90 % and normalised entropy: ${whose}; over ${counted(nRows, 'row')}, the ` +
    `queries that see at least two keys.${part}`
  );
}
