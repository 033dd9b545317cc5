/** The texts and images of the user that this page keeps, in the order in which they were added. */

import { codedList } from '../compute/columns.js';
import { hasParts } from '../compute/head_parts.js';
import { storesVectors } from '../data/stored_vectors.js';
import { joinedTokens, nameOf } from '../data/user_sequence_text.js';
import { MAX_TEXT } from '../state/codecs.js';

/** @import { Manifest } from '../page.js' */
/** @import { Answer, Submission, UserItem } from './live.js' */
/** @import { KeptText } from './kept_texts.js' */

/** @param {number} page identifies this opening of the page, whose numbers begin anew */
export function createItems(page = performance.timeOrigin) {
  /** @type {readonly UserItem[]} */
  let items = [];
  let nMade = 0;
  const uidOf = (/** @type {number} */ id) => `${page}.${id}`;

  return {
    all: () => items,
    /**
     * Add a submission. Edited tokens of a text are a copy of it; those of a copy replace it.
     *
     * @param {Submission} submission
     * @param {Answer} answer its text becomes that of its tokens if these were edited
     */
    keep({ kind, text, tokens, file, edits, dataset }, answer) {
      const edited = items.find(({ id }) => id === edits);
      const isTokens = kind === 'tokens';
      const content = isTokens ? joinedTokens(answer.columns) : text;
      const home = isTokens ? dataset : null;
      const former = edited?.kind === 'tokens' ? edited : null;
      const origin = former ? former.origin : (edited?.id ?? null);
      const id = former?.id ?? ++nMade;
      const uid = former?.uid ?? uidOf(id);
      const item = make({ id, uid, kind, text: content, tokens, file, home, origin });
      items = former ? items.map((one) => (one === former ? item : one)) : [...items, item];
      if (edited) answer.columns.sequences.text = codedList([content]);
      return item;
    },
    /**
     * Add texts that are not kept yet.
     *
     * @param {readonly string[]} texts
     * @returns {boolean} whether there were any
     */
    restore(texts) {
      const known = new Set(items.map(({ text }) => text));
      const more = texts
        .filter((text) => !known.has(text))
        .map((text) =>
          make({
            id: ++nMade,
            uid: uidOf(nMade),
            kind: 'text',
            text,
            tokens: null,
            file: null,
            home: null,
            origin: null,
          }),
        );
      items = [...items, ...more];
      return more.length > 0;
    },
    /** Take over items with their numbers. @param {readonly KeptText[]} kept in their order */
    recall(kept) {
      const more = kept.map((facts) => {
        nMade = Math.max(facts.id, nMade + 1);
        return make({ ...facts, id: nMade, file: null });
      });
      items = [...items, ...more];
      return kept.length > 0;
    },
    /** @param {UserItem} item */
    remove(item) {
      items = items.filter((one) => one !== item);
    },
    clear() {
      items = [];
    },
  };
}

/** @param {Omit<UserItem, 'name'>} facts @returns {UserItem} */
function make(facts) {
  return Object.freeze({ ...facts, name: nameOf(facts.kind, facts.id) });
}

/**
 * Why nothing of the user's can be run through the model of a dataset; '' where it can.
 *
 * @param {Pick<Manifest, 'keep_vectors' | 'layers' | 'model'>} manifest
 */
export function whyNot(manifest) {
  if (!storesVectors(manifest))
    return 'Nothing can be entered here, since the dataset stores no queries and keys.';
  if (hasParts(manifest.layers))
    return 'A model with an encoder and a decoder needs two texts, which cannot be entered here.';
  return ['text', 'image'].includes(manifest.model.modality)
    ? ''
    : 'This model needs an image and a text, which cannot be entered here.';
}

/**
 * Whether the model of a dataset accepts an item.
 *
 * @param {UserItem} item
 * @param {Pick<Manifest, 'id' | 'keep_vectors' | 'layers' | 'model'>} manifest
 */
export function fits({ kind, home }, manifest) {
  if (whyNot(manifest) !== '') return false;
  const isImage = manifest.model.modality === 'image';
  return (kind === 'image') === isImage && (home === null || home === manifest.id);
}

/**
 * The texts for the address: typed ones, as many as fit.
 *
 * @param {readonly {kind: string, text: string}[]} items
 * @returns {{texts: string[], left: number}} `left` is the number of items that do not fit or are
 *   not typed texts
 */
export function addressTexts(items) {
  const texts = [];
  let room = MAX_TEXT;
  for (const { kind, text } of items) {
    if (kind !== 'text' || text.length > room) continue;
    room -= text.length;
    texts.push(text);
  }
  return { texts, left: items.length - texts.length };
}
