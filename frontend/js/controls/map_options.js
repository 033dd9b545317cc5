/** How the map is drawn: labels, dots and the pair of colours. */

import { el } from '../ui/dom.js';
import { DEFAULTS } from '../state/choices.js';
import { createSection } from '../ui/section.js';
import { createSegments } from '../ui/segments.js';
import { createCheck, createSlider } from '../ui/sliders.js';

/** @import { Context, View } from '../page.js' */

/** Eight steps from one size to its double. */
const STEPS = 8;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createMapOptions(root, { actions }) {
  const section = createSection(root, {
    name: 'map',
    title: 'Map options',
    help: 'Labels, dots and colours of the map.',
  });
  const labels = createCheck(section.body, {
    label: 'Labels',
    help: 'Token labels where there is room; zoom in for more (key l).',
    onPick: (hasLabels) => actions.choose({ hasLabels }),
  });
  const size = createSlider(section.body, {
    label: 'Dot size',
    help: 'Multiple of the automatic size.',
    scale: [-2, 2, 1 / STEPS],
    standard: DEFAULTS.dotSize,
    onPick: (dotSize) => actions.choose({ dotSize }, 'replace'),
    toScale: (value) => Math.round(STEPS * Math.log2(value)) / STEPS,
    fromScale: (place) => Number((2 ** place).toFixed(2)),
    format: (value) => `${value.toFixed(2)} ×`,
  });
  const opacity = createSlider(section.body, {
    label: 'Opacity',
    help: 'Multiple of the automatic opacity, which is lower where many points overlap.',
    scale: [-3, 3, 1 / 4],
    standard: DEFAULTS.opacity,
    onPick: (value) => actions.choose({ opacity: value }, 'replace'),
    toScale: (value) => Math.round(4 * Math.log2(value)) / 4,
    fromScale: (place) => Number((2 ** place).toFixed(3)),
    format: (value) => `${value.toFixed(2)} ×`,
  });
  const byNorm = createCheck(section.body, {
    label: 'Size by norm',
    help: 'Larger points for vectors of larger norm.',
    onPick: (isDotByNorm) => actions.choose({ isDotByNorm }),
  });
  const contours = createCheck(section.body, {
    label: 'Contours',
    help:
      'Lines around half and 90 % of the queries and of the keys, while points are too small to ' +
      'be told apart.',
    onPick: (hasContours) => actions.choose({ hasContours }),
  });
  const whole = createCheck(section.body, {
    label: 'Fit all points',
    help: 'Include outliers, which are otherwise off-screen and marked at the border.',
    onPick: (isWhole) => actions.choose({ isWhole }),
  });
  const palette = el(
    'div',
    { class: 'option' },
    el('span', { class: 'option__label', 'aria-hidden': 'true' }, 'Palette'),
  );
  section.body.append(palette);
  const palettes = createSegments(palette, {
    legend: 'Palette',
    choices: [
      {
        value: 'safe',
        label: 'Safe',
        title: 'Blue and orange; safe for colour blindness',
      },
      {
        value: 'classic',
        label: 'Classic',
        title: 'Green and pink, as in the original AttentionViz',
      },
    ],
    onPick: (value) => actions.setPalette(value === 'classic' ? 'classic' : 'safe'),
  });

  return {
    update({
      at,
      dims,
      hasLabels,
      dotSize,
      opacity: factor,
      isDotByNorm,
      hasContours,
      isWhole,
      palette: name,
    }) {
      labels.update(hasLabels);
      size.update(dotSize);
      opacity.update(factor);
      byNorm.element.hidden = at === null;
      byNorm.update(isDotByNorm);
      contours.element.hidden = at === null || dims === 3;
      contours.update(hasContours);
      whole.element.hidden = dims === 3;
      whole.update(isWhole);
      palettes.update(name);
    },
    destroy: section.destroy,
  };
}
