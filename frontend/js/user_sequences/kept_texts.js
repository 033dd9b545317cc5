/**
 * The user's texts in the storage of this tab, so that they survive a reload. They never leave the
 * browser for it; the model runs them again.
 */

/** @import { UserItem } from './live.js' */

/** A text or a row of tokens. @typedef {Omit<UserItem, 'name' | 'file'>} KeptText */

/** Characters of all kept texts together; browsers allow some five million in a tab. */
const MAX_KEPT = 500_000;

/**
 * @param {() => Storage} storage of the tab; throws where the browser forbids it
 * @param {string} page its address: others of the same host have texts of their own
 */
export function createKeptTexts(storage, page) {
  const name = `attentionviz.texts ${page}`;

  return {
    /** @returns {KeptText[]} */
    read() {
      try {
        const found = JSON.parse(storage().getItem(name) ?? '[]');
        return Array.isArray(found) ? found.filter(isKept) : [];
      } catch {
        return []; // storage can be disabled, and its content anybody's
      }
    },
    /**
     * Keep the texts and edited tokens among these.
     *
     * @param {readonly UserItem[]} items
     * @returns {boolean} false if they are too long, or the browser does not keep them
     */
    write(items) {
      const texts = items.flatMap(({ id, uid, kind, text, tokens, home, origin }) =>
        kind === 'image' ? [] : [{ id, uid, kind, text, tokens, home, origin }],
      );
      const content = JSON.stringify(texts);
      try {
        if (texts.length === 0) storage().removeItem(name);
        else if (content.length <= MAX_KEPT) storage().setItem(name, content);
        return content.length <= MAX_KEPT;
      } catch {
        return texts.length === 0;
      }
    },
  };
}

/** @param {any} item @returns {item is KeptText} */
function isKept(item) {
  return (
    Number.isSafeInteger(item?.id) &&
    item.id > 0 &&
    typeof item.uid === 'string' &&
    typeof item.text === 'string' &&
    (item.origin === null || Number.isSafeInteger(item.origin)) &&
    (item.kind === 'text'
      ? item.tokens === null && item.home === null && item.text.trim() !== ''
      : item.kind === 'tokens' && areTokens(item.tokens) && typeof item.home === 'string')
  );
}

/** @param {unknown} tokens */
function areTokens(tokens) {
  return (
    Array.isArray(tokens) &&
    tokens.length > 0 &&
    tokens.every((token) => typeof token === 'string' || Number.isSafeInteger(token))
  );
}
