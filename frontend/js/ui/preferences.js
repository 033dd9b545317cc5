/** What this browser remembers of how the page looks; nothing of what is shown. */

const PREFIX = 'attentionviz.';

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(`${PREFIX}${name}`);
  } catch {
    return null; // storage can be switched off
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(`${PREFIX}${name}`, value);
  } catch {
    // Without storage it holds until the page is closed.
  }
}
