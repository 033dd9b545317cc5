/** All sequences as a table that is filtered, sorted and saved. */

import { count, counted } from '../compute/number_text.js';
import { lastOnly } from '../compute/memo.js';
import { loadAllTexts } from '../data/text_pieces.js';
import { download, TABLE_TYPES } from '../ui/download.js';
import { headFileName } from '../ui/labels.js';
import { createSequenceRows } from './sequence_rows.js';
import { columnsOf, rowsOf, searchedText, tableCsv, wordOf } from './sequence_table.js';

/** @import { Column, Order, SequenceScores } from './sequence_table.js' */
/** @import { SequenceFrame } from './sequence_frame.js' */
/** @import { Context, HeadId, Tokens } from '../page.js' */
/** @import { Layers } from '../ui/labels.js' */

/**
 * @param {SequenceFrame} frame
 * @param {object} context
 * @param {Context['api']} context.api
 * @param {Context['store']} context.store
 * @param {ReturnType<import('../ui/column_menu.js').createColumnMenu>} context.columns
 * @param {() => Tokens | null} context.corpus null while it is not there
 * @param {() => Layers} context.layers
 * @param {() => SequenceScores} context.scores
 * @param {() => boolean} context.hasVectors whether there is attention to score
 * @param {(sequence: number) => void} context.onOpen
 */
export function createSequenceList(
  frame,
  { api, store, columns: menu, corpus, hasVectors, layers, scores, onOpen },
) {
  const table = createSequenceRows(frame.dialog, { pick: onOpen, sort });
  const rowOrder = createRowOrder(hasVectors);

  /**
   * Rows come without their texts, which are loaded where they are in sight, or all of them where
   * they are filtered, sorted or saved.
   *
   * @param {boolean} isFromTop
   */
  function draw(isFromTop) {
    const tokens = corpus();
    if (!tokens) return;
    if (rowOrder.needsTexts(tokens, scores(), frame.filterText())) {
      const isComing = whenLoaded(tokens, () => draw(isFromTop));
      if (isComing) return;
    }
    const { columns, rows, order } = rowOrder.apply(tokens, scores(), frame.filterText());
    frame.setFound(formatFound(rows.length, tokens), rows.length > 0);
    const { dataset, selected } = store.get();
    const current = selected ? tokens.sequence[selected.token] : -1;
    const thumbnail = thumbnailsOf(api, dataset, tokens);
    menu.offer(columns.filter(({ name }) => name !== 'text'));
    const shown = columns.filter(({ name }) => menu.isShown(name));
    table.show({ corpus: tokens, columns: shown, rows, order, current, thumbnail }, isFromTop);
  }

  /**
   * Load all texts, if they are not there, and then go on.
   *
   * @param {Tokens} tokens
   * @param {() => void} next
   * @returns {boolean} whether they are to come
   */
  function whenLoaded(tokens, next) {
    const coming = loadAllTexts(tokens);
    if (!coming) return false;
    const word = wordOf(tokens);
    frame.setFound(`Loading the ${word}s …`, false);
    coming.then(
      () => tokens === corpus() && next(),
      (/** @type {Error} */ { message }) =>
        frame.setFound(`Could not load the ${word}s. ${message}`, false),
    );
    return true;
  }

  /** @param {Column} column */
  function sort(column) {
    rowOrder.sort(column);
    draw(true);
  }

  return {
    draw,
    setHidden: table.setHidden,
    reveal: table.reveal,
    save: function save() {
      const tokens = corpus();
      if (!tokens) return;
      if (whenLoaded(tokens, () => (draw(false), save()))) return;
      const { columns, rows } = rowOrder.apply(tokens, scores(), frame.filterText());
      download(tableCsv(columns, rows), fileName(store.get(), tokens, layers()), TABLE_TYPES.csv);
    },
    destroy: table.destroy,
  };
}

/**
 * By what the rows are sorted, and the filtered, sorted rows; the last ones are remembered.
 *
 * @param {() => boolean} hasVectors
 */
function createRowOrder(hasVectors) {
  const columnsOnce = lastOnly(columnsOf);
  /** @param {Tokens} tokens @param {SequenceScores} scores */
  const columnsFor = (tokens, scores) => columnsOnce(tokens, scores, hasVectors());
  const searched = lastOnly(searchedText);
  const unfiltered = lastOnly((/** @type {number} */ n) => new Array(n).fill(''));
  const rowsFor = lastOnly(rowsOf);
  /** @type {Order} */
  let order = { name: 'number', isDescending: false };
  return {
    /**
     * Numbers begin with the largest; a second click turns the order over.
     *
     * @param {Column} column
     */
    sort({ name, isNumber }) {
      const isDescending =
        order.name === name ? !order.isDescending : isNumber && name !== 'number';
      order = { name, isDescending };
    },
    /** @param {Tokens} tokens @param {SequenceScores} scores @param {string} filter */
    needsTexts(tokens, scores, filter) {
      const column = columnsFor(tokens, scores).find(({ name }) => name === order.name);
      return filter.trim() !== '' || column?.isOfText === true;
    },
    /** @param {Tokens} tokens @param {SequenceScores} scores @param {string} filter */
    apply(tokens, scores, filter) {
      const columns = columnsFor(tokens, scores);
      const column = columns.find(({ name }) => name === order.name) ?? columns[0];
      const texts =
        filter.trim() === '' ? unfiltered(tokens.sequences.length.length) : searched(tokens);
      const rows = rowsFor(texts, filter, column, order.isDescending);
      return { columns, rows, order };
    },
  };
}

/**
 * Addresses of the thumbnails of images; null for sentences.
 *
 * @param {Context['api']} api
 * @param {string | null} dataset
 * @param {Tokens} tokens
 */
function thumbnailsOf(api, dataset, { row }) {
  if (row === null || dataset === null) return null;
  return (/** @type {number} */ sequence) => api.thumbnailUrl(dataset, sequence);
}

/** @param {number} nRows @param {Tokens} tokens */
function formatFound(nRows, tokens) {
  const all = counted(tokens.sequences.start.length, wordOf(tokens));
  return nRows === tokens.sequences.start.length ? all : `${count(nRows)} of ${all}`;
}

/**
 * @param {{dataset: string | null, at: HeadId | null}} state
 * @param {Tokens} tokens
 * @param {Layers} layers
 */
function fileName({ dataset, at }, tokens, layers) {
  return [dataset, at && headFileName(at, layers), `${wordOf(tokens)}s.csv`]
    .filter(Boolean)
    .join('-');
}
