/** Preferences of appearance in local storage; never content. */

const PREFIX = 'attentionviz.';

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(`${PREFIX}${name}`);
  } catch {
    return null; // storage can be disabled
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(`${PREFIX}${name}`, value);
  } catch {
    // Without storage the preference lasts until the page is closed.
  }
}
