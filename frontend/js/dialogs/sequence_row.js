/** A row of the table of all sequences: its cells, and the button that opens the sequence. */

import { corpusText, el, setAttribute, UNTRANSLATED } from '../ui/dom.js';
import { clipped, visibleText } from '../ui/labels.js';

/** @import { Column, Order } from './sequence_table.js' */

/** Characters of a sequence in its row, and of another cell. */
const MAX_TEXT = 400;
const MAX_CELL = 60;

/**
 * @typedef {object} ShownTable
 * @property {object} corpus whose sequences these are
 * @property {readonly Column[]} columns
 * @property {readonly number[]} rows sequences in their order
 * @property {Order} order
 * @property {number} current the selected sequence, or -1
 * @property {((sequence: number) => string) | null} thumbnail
 */

/**
 * Fill a row, new or former, with the sequence at a place of the table.
 *
 * @param {HTMLTableRowElement} row
 * @param {ShownTable} table
 * @param {number} i
 * @param {boolean} isStop whether Tab leads to it
 */
export function fillRow(row, { columns, rows, current, thumbnail }, i, isStop) {
  const sequence = rows[i];
  setAttribute(row, 'aria-rowindex', String(i + 2));
  setAttribute(row, 'aria-current', sequence === current ? 'true' : null);
  setAttribute(row, 'data-row', String(i));
  const text = String(columns.find(({ name }) => name === 'text')?.valueOf(sequence) ?? '');
  const opener = row.querySelector('.sequences__open') ?? makeOpener(sequence, thumbnail);
  nameOpener(opener, visibleText(clipped(text, MAX_TEXT)));
  setAttribute(opener, 'tabindex', isStop ? '0' : '-1');
  columns.forEach((column, k) => {
    const cell = row.cells[k] ?? row.appendChild(el('td', {}));
    setAttribute(cell, 'class', columnClass(column));
    if (column.name !== 'text') cell.replaceChildren(cellText(column, sequence));
    else if (opener.parentNode !== cell) cell.replaceChildren(opener);
  });
  while (row.cells.length > columns.length) row.deleteCell(-1);
}

/** @param {Column} column */
export function columnClass({ isNumber, name }) {
  const number = isNumber ? ' sequences__cell--number' : '';
  const words = isNumber ? '' : ' sequences__cell--words';
  return `sequences__cell${number}${name === 'text' ? ' sequences__cell--text' : words}`;
}

/**
 * A text may come after its row.
 *
 * @param {Element} opener
 * @param {string} words
 */
function nameOpener(opener, words) {
  if (opener.getAttribute('title') === words) return;
  setAttribute(opener, 'title', words);
  opener.querySelector('.sequences__text')?.remove();
  opener.append(corpusText(words, 'corpus sequences__text'));
}

/**
 * @param {number} sequence
 * @param {ShownTable['thumbnail']} thumbnail
 */
function makeOpener(sequence, thumbnail) {
  const picture =
    thumbnail &&
    el('img', {
      class: 'sequences__image',
      alt: '',
      loading: 'lazy',
      decoding: 'async',
      src: thumbnail(sequence),
    });
  return el('button', { ...UNTRANSLATED, class: 'sequences__open', type: 'button' }, picture);
}

/** @param {Column} column @param {number} sequence */
function cellText({ isNumber, tell, valueOf }, sequence) {
  const value = valueOf(sequence);
  if (value === null) return el('span', { class: 'soft' }, '–');
  if (typeof value === 'number' && isNumber) return tell ? tell(value) : String(value);
  return corpusText(visibleText(clipped(String(value), MAX_CELL)), 'corpus sequences__text');
}
