/** What the image view shows: heat map or connections, whose, and over which images. */

import { hasMeans } from '../data/mean_text.js';
import { nAtLeast } from '../data/user_sequence_text.js';
import { el, setText } from '../ui/dom.js';
import { createSegments } from '../ui/segments.js';

/** @import { Context, ImageLinks } from '../page.js' */
/** @import { Kind } from '../types.js' */
/** @import { Shown } from './panel.js' */

/** Fewer is a cloud of lines, in which nothing can be seen. */
const MIN_THRESHOLD = 0.01;

/**
 * @param {HTMLElement} root
 * @param {Pick<Context, 'actions'>} context
 */
export function createImageTools(root, { actions }) {
  /** @type {Shown | null} */
  let last = null;
  const element = el('div', { class: 'image__tools' });
  root.append(element);
  const source = createSegments(element, {
    legend: 'Whose attention',
    choices: [
      { value: 'image', label: 'this image', title: 'The attention inside this image' },
      {
        value: 'mean',
        label: 'mean of images',
        title: 'The mean attention between positions over all images',
      },
    ],
    onPick: (which) => actions.choose({ isImageMean: which === 'mean' }),
  });
  const links = createSegments(element, {
    legend: 'How attention is drawn',
    choices: [
      {
        value: 'heat',
        label: 'heat map',
        title: 'The attention of the selected patch as a heat map',
      },
      {
        value: 'strongest',
        label: 'strongest',
        title:
          'The strongest connection of every patch as an arrow; circle: to itself, square: ' +
          'to the class token',
      },
      { value: 'all', label: 'all', title: 'All connections from a weight on' },
    ],
    onPick: (imageLinks) => actions.choose({ imageLinks: /** @type {ImageLinks} */ (imageLinks) }),
  });
  const direction = createSegments(element, {
    legend: 'Direction of attention',
    choices: [
      {
        value: 'query',
        label: 'attends to',
        title: 'How much the selected patch attends to each other',
      },
      {
        value: 'key',
        label: 'attended by',
        title: 'How much each other patch attends to the selected one',
      },
    ],
    onPick: (kind) => {
      if (last) actions.select({ kind: /** @type {Kind} */ (kind), token: last.selected.token });
    },
  });
  const number = el('output', { class: 'image__number' });
  const slider = el('input', {
    class: 'image__slider',
    type: 'range',
    min: String(MIN_THRESHOLD),
    max: '1',
    step: '0.01',
    title: 'Connections with less weight are not drawn',
    onInput: () => actions.choose({ imageThreshold: Number(slider.value) }, 'replace'),
  });
  const threshold = el(
    'label',
    { class: 'image__threshold' },
    el('span', {}, 'Least weight'),
    slider,
    number,
  );
  element.append(threshold);

  return {
    /** @param {Shown} shown */
    update(shown) {
      last = shown;
      const { at, isImageMean, imageLinks, imageThreshold } = shown.state;
      element.hidden = at === null || !shown.hasVectors;
      const canHaveMean = hasMeans(shown.tokens);
      source.element.hidden = !canHaveMean;
      const hasMean = canHaveMean && nAtLeast(shown.tokens, shown.n) > 1;
      source.update(isImageMean ? 'mean' : 'image', (which) => which === 'image' || hasMean);
      links.update(imageLinks);
      direction.update(shown.selected.kind);
      threshold.hidden = imageLinks !== 'all';
      if (Number(slider.value) !== imageThreshold) slider.value = String(imageThreshold);
      setText(number, imageThreshold.toFixed(2));
    },
    destroy() {
      for (const part of [source, links, direction]) part.destroy();
      element.remove();
    },
  };
}
