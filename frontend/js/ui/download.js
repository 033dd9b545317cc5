/** Downloads of files. */

import { el } from './dom.js';

/** Object URLs are revoked after this time; browsers read them only after the click. */
const KEPT_MS = 10_000;

/** The media types of tables, by the ending of their files. */
export const TABLE_TYPES = { csv: 'text/csv;charset=utf-8', json: 'application/json' };

/** @param {string | Blob} content @param {string} name @param {string} type */
export function download(content, name, type) {
  const url = URL.createObjectURL(
    content instanceof Blob ? content : new Blob([content], { type }),
  );
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/**
 * A valid file name from any parts.
 *
 * @param {readonly (string | null | undefined | false)[]} parts
 * @param {string} ending
 */
export function fileNameOf(parts, ending) {
  return `${parts
    .filter(Boolean)
    .join('-')
    .replace(/[^\w.@-]+/g, '_')
    .replace(/^\.+/, '_')}.${ending}`;
}
