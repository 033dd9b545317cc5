/** The weights of the selected patch as a heat map over the image, with its legend. */

import { canvasPalette, cssColor, rampStops } from '../color/palettes.js';
import { heatAlpha } from '../compute/heat.js';
import { el, setText } from '../ui/dom.js';
import { weightOf } from './image_weights.js';

/** @import { PatchGrid } from '../page.js' */
/** @import { Shown } from './panel.js' */

/** Makes the canvas, and the legend to be put below it. */
export function createImageHeat() {
  const canvas = el('canvas', { class: 'image__heat', 'aria-hidden': 'true' });
  const [least, most, ramp] = [
    el('span', {}),
    el('span', {}),
    el('span', { class: 'legend__ramp' }),
  ];
  const range = el('span', { class: 'legend__range' }, least, most);
  const legend = el('div', { class: 'image__legend' }, ramp, range);

  return {
    canvas,
    legend,
    /**
     * @param {Shown} shown
     * @param {PatchGrid} patchGrid
     * @param {readonly HTMLElement[]} buttons of all tokens; those that are no patches are coloured
     * @returns {Float32Array} the weight of every token, 0 where it is not known
     */
    paint(shown, patchGrid, buttons) {
      const { selected, tokens, start, n, state } = shown;
      const isHeat = state.imageLinks === 'heat' && state.at !== null;
      const weights = Float32Array.from({ length: n }, (_, i) => weightOf(shown, i) ?? 0);
      const largest = weights.reduce((a, b) => Math.max(a, b), 1e-6);
      // Over an image both themes have the ramps of the dark one, which run towards light. A query
      // pays to keys: the heat has the colour of what it falls on.
      const { ramps } = canvasPalette('dark', state.palette);
      const colors = ramps[selected.kind === 'query' ? 1 : 0];
      canvas.hidden = legend.hidden = !isHeat;
      canvas.width = patchGrid.n_columns;
      canvas.height = patchGrid.n_rows;
      const pen = canvas.getContext('2d');
      for (let i = 0; i < n; i++) {
        const share = weights[i] / largest;
        const color = cssColor(colors[Math.round(share * 255)]);
        if (tokens.tokenType.at(start + i) !== 'patch')
          buttons[i].style.backgroundColor = isHeat
            ? `color-mix(in srgb, ${color} ${100 * heatAlpha(share)}%, transparent)`
            : '';
        else if (pen) {
          pen.globalAlpha = heatAlpha(share);
          pen.fillStyle = color;
          pen.fillRect(Number(tokens.column?.[start + i]), Number(tokens.row?.[start + i]), 1, 1);
        }
      }
      ramp.style.backgroundImage = `linear-gradient(to right, ${rampStops(colors).join(', ')})`;
      setText(least, '0');
      setText(most, largest.toFixed(3));
      return weights;
    },
  };
}
