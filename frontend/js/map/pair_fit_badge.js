/**
 * How a head of the grid fits the marked pairs: its rank, its fit, an outline of the best.
 */

import { setAttribute } from '../ui/dom.js';
import { formatFit } from '../data/pair_text.js';

/** @import { HeadFit } from '../compute/pairs.js' */

/** Heads up to this rank are outlined. */
const MAX_OUTLINED = 5;

/**
 * Set what the style sheet draws, and add it to the name of the head.
 *
 * @param {HTMLElement} button after its name was written
 * @param {HeadFit | null} found null while no pair is marked
 */
export function describeFit(button, found) {
  setAttribute(button, 'data-place', found && `#${found.rank}`);
  setAttribute(button, 'data-fit', found && formatFit(found.fit));
  button.classList.toggle('cell--fitting', found !== null && found.rank <= MAX_OUTLINED);
  if (found)
    setAttribute(
      button,
      'aria-label',
      `${button.getAttribute('aria-label')}, fit of the pairs ${formatFit(found.fit)}, place ` +
        `${found.rank}`,
    );
}
