/** A document without a browser, for tests of views: nothing is laid out there. */

import { Window } from 'happy-dom';

const NAMES = ['document', 'Element', 'HTMLElement', 'HTMLInputElement', 'getComputedStyle'];

/** Give this process a fresh document, and what views name of its window; return it. */
export function openDocument() {
  const window = new Window();
  for (const name of NAMES) globalThis[name] = window[name];
  window.document.documentElement.style.fontSize = '16px';
  return window.document;
}

/** Press a key where the focus is. @param {Document} document @param {string} key */
export function press(document, key) {
  const { KeyboardEvent } = document.defaultView;
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}
