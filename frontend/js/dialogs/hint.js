/** What to do first, at the edge of the map until a point was selected for the first time. */

import { el, setText } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';

/** @import { State } from '../page.js' */

const DONE = 'first-selection';

/** @param {HTMLElement} root */
export function createHint(root) {
  const element = el('p', { class: 'hint' });
  root.append(element);
  let isDone = recall(DONE) !== null;

  return {
    /** @param {State} state */
    update({ at, dataset, selected }) {
      if (selected && !isDone) {
        isDone = true;
        remember(DONE, 'done');
      }
      element.hidden = isDone || dataset === null;
      setText(
        element,
        at ? 'Click a point to see its sentence or image' : 'Click a head to open its map',
      );
    },
  };
}
