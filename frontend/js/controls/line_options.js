/** Which attention lines the map of a head has. */

import { el } from '../ui/dom.js';
import { DEFAULTS } from '../state/choices.js';
import { createSection } from '../ui/section.js';
import { createCheck, createSlider } from '../ui/sliders.js';

/** @import { Context, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createLineOptions(root, { actions }) {
  const element = el('section', { class: 'side__part' });
  root.append(element);
  const lines = createCheck(element, {
    label: 'Attention lines',
    help:
      'From each query of the selected sentence or image to its strongest keys; the stronger, ' +
      'the darker.',
    onPick: (hasLines) => actions.choose({ hasLines }),
  });
  const section = createSection(element, {
    name: 'lines',
    title: 'Options',
    help: 'How many lines are drawn, and from which weight on.',
  });
  const count = createSlider(section.body, {
    label: 'Keys of a query',
    help: 'Most lines of each query.',
    scale: [1, 20, 1],
    standard: DEFAULTS.lineCount,
    onPick: (lineCount) => actions.choose({ lineCount }, 'replace'),
    format: String,
  });
  const threshold = createSlider(section.body, {
    label: 'Least weight',
    help: 'Weaker attention has no line.',
    scale: [0, 1, 0.01],
    standard: DEFAULTS.lineThreshold,
    onPick: (lineThreshold) => actions.choose({ lineThreshold }, 'replace'),
    format: (value) => value.toFixed(2),
  });
  const alone = createCheck(section.body, {
    label: 'Only of the selected point',
    help: 'Only the lines that begin or end at the point that was clicked.',
    onPick: (isLineAlone) => actions.choose({ isLineAlone }),
  });

  const strongest = createCheck(section.body, {
    label: 'Strongest and nearest',
    help:
      'Of the point under the mouse, or else of the selected one: lines to its ten strongest ' +
      'partners in the whole corpus, rings around the ten that are nearest in this map. Where ' +
      'they differ, the map misleads.',
    onPick: (hasStrongest) => actions.choose({ hasStrongest }),
  });

  return {
    update({ at, hasLines, lineCount, lineThreshold, isLineAlone, hasStrongest }) {
      element.hidden = at === null;
      section.element.hidden = !hasLines;
      lines.update(hasLines);
      count.update(lineCount);
      threshold.update(lineThreshold);
      alone.update(isLineAlone);
      strongest.update(hasStrongest);
      section.setNote(
        `${lineCount} each, ≥ ${lineThreshold.toFixed(2)}${isLineAlone ? ', one' : ''}`,
      );
    },
    destroy: () => element.remove(),
  };
}
