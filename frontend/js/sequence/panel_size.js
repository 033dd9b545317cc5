/**
 * Sizes of the panel beside the map, of the mean below the sentence and of the comparison below two
 * maps; all are remembered.
 */

import { remPx } from '../ui/dom.js';
import { recall, remember } from '../ui/preferences.js';
import { createSeparator } from '../ui/separator.js';

/** Least width of the panel and of what is left beside it, rem. */
const LEAST_REM = 16;
const MAP_REM = 22;
const WIDTH = 'panel.width';
/** Share of the lower part in the height, per cent. */
const [LEAST_SHARE, MOST_SHARE, SHARE] = [15, 80, 40];

/**
 * The separator between the map and the panel.
 *
 * @param {HTMLElement} panel
 */
export function createPanelWidth(panel) {
  const separator = createSeparator({
    className: 'splitter splitter--panel',
    label: 'Width of the panel',
    title: 'Resize the panel',
    step: 16,
    isReversed: true,
    limits: () => ({
      least: LEAST_REM * remPx(),
      most: Math.max(LEAST_REM, panel.getBoundingClientRect().right / remPx() - MAP_REM) * remPx(),
    }),
    value: () => panel.offsetWidth,
    valueAt: ({ clientX }) => panel.getBoundingClientRect().right - clientX,
    onPick(px, isDone) {
      const rem = (px / remPx()).toFixed(3);
      show(rem);
      if (isDone) remember(WIDTH, rem);
    },
    onReset() {
      remember(WIDTH, '');
      show('');
    },
  });
  panel.append(separator.element);

  /** @param {string} rem '': the width of the style sheet */
  function show(rem) {
    if (Number(rem) > 0) panel.style.setProperty('--panel-chosen', `${rem}rem`);
    else panel.style.removeProperty('--panel-chosen');
  }

  show(recall(WIDTH) ?? '');
  const observer = new ResizeObserver(separator.update);
  observer.observe(panel);

  return {
    destroy() {
      observer.disconnect();
      separator.destroy();
    },
  };
}

/**
 * The separator between a sentence and the mean below it.
 *
 * @param {HTMLElement} root holds both
 * @param {HTMLElement} main the sentence
 */
export const createMeanHeight = (root, main) => createHeight(root, main, 'mean', 'panel.mean');

/**
 * The separator between two maps and the comparison below them.
 *
 * @param {HTMLElement} root holds both
 * @param {HTMLElement} main the maps
 */
export const createComparisonHeight = (root, main) =>
  createHeight(root, main, 'comparison', 'comparison.height');

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} main the upper part
 * @param {'mean' | 'comparison'} name of the lower part
 * @param {string} preference
 */
function createHeight(root, main, name, preference) {
  const recalled = Number(recall(preference));
  let share = recalled >= LEAST_SHARE && recalled <= MOST_SHARE ? recalled : SHARE;
  const separator = createSeparator({
    className: `splitter splitter--${name}`,
    label: `Height of the ${name}`,
    title: `Resize the ${name}`,
    step: 5,
    isReversed: true,
    limits: () => ({ least: LEAST_SHARE, most: MOST_SHARE }),
    value: () => share,
    valueAt({ clientY }) {
      const { bottom } = root.getBoundingClientRect();
      return (100 * (bottom - clientY)) / (bottom - main.getBoundingClientRect().top);
    },
    onPick(next, isDone) {
      show(next);
      if (isDone) remember(preference, String(Math.round(share)));
    },
    onReset() {
      remember(preference, '');
      show(SHARE);
    },
  });

  /** @param {number} next */
  function show(next) {
    share = next;
    root.style.setProperty(`--${name}-share`, String(share));
  }

  show(share);
  separator.element.setAttribute('aria-orientation', 'horizontal');
  separator.update();
  return separator;
}
