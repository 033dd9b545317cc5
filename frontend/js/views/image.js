/** One image under one head: a heat map of what the selected patch attends to, or is attended by. */

import { el, setAttribute, setText } from '../dom.js';
import { canvasPalette, cssColor, rampStops } from '../colors.js';
import { tokenWords } from '../words.js';
import { createSegments } from './segments.js';

/** @import { Context, PatchGrid, Tokens } from '../page.js' */
/** @import { Kind } from '../types.js' */
/** @import { SequenceView, Shown } from './panel.js' */

/** The heat is drawn over a picture, dark in both themes; the ramps of the dark theme run towards light. */
const RAMPS = canvasPalette('dark').ramps;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {SequenceView}
 */
export function createImageView(root, { actions, api, facts, hover }) {
  const name = el('p', { class: 'image__name' });
  const element = el('div', { class: 'image' });
  const segments = createSegments(element, {
    legend: 'Direction of attention',
    choices: [{ value: 'query', label: 'paid by the query', title: 'How much the selected patch attends to each other' },
      { value: 'key', label: 'received by the key', title: 'How much each other patch attends to the selected one' }],
    onPick: (kind) => { if (last) actions.select({ kind: /** @type {Kind} */ (kind), token: last.selected.token }); },
  });
  const picture = el('img', { class: 'image__picture', alt: '' });
  const heat = el('canvas', { class: 'image__heat', 'aria-hidden': 'true' });
  const patches = el('div', { class: 'image__patches', role: 'group', 'aria-label': 'Patches', onKeydown: moveFocus });
  const prefix = el('div', { class: 'image__prefix', role: 'group', 'aria-label': 'Tokens that are no patch' });
  const told = el('p', { class: 'image__told', role: 'status' });
  const least = el('span', {});
  const most = el('span', {});
  const ramp = el('span', { class: 'legend__ramp' });
  element.append(name, el('div', { class: 'image__main' }, el('div', { class: 'image__frame' }, picture, heat, patches), prefix),
    el('div', { class: 'image__legend' }, ramp, el('span', { class: 'legend__range' }, least, most)), told);
  root.append(element);

  /** @type {Shown | null} */
  let last = null;
  /** @type {{tokens: Tokens, start: number, n: number, buttons: HTMLButtonElement[]} | null} */
  let listed = null;

  /** @param {Shown} shown */
  function update(shown) {
    const grid = facts.description.value?.manifest?.patch_grid;
    if (!grid) return;
    const isSame = last?.attention === shown.attention && last?.selected === shown.selected && last?.tokens === shown.tokens;
    last = shown;
    segments.update(shown.selected.kind);
    if (isSame) return;
    const sequence = shown.tokens.sequence[shown.selected.token];
    const start = shown.tokens.sequences.start[sequence];
    if (listed?.tokens !== shown.tokens || listed.start !== start) list(shown, sequence, start, grid);
    paint(shown, grid);
  }

  /**
   * @param {Shown} shown
   * @param {number} sequence
   * @param {number} start
   * @param {PatchGrid} grid
   */
  function list({ state, tokens }, sequence, start, grid) {
    const label = tokens.sequences.columns.label?.[sequence];
    name.replaceChildren(el('bdi', {}, tokens.sequences.text[sequence]), ...(label === undefined || label === null ? [] : [el('span', { class: 'soft' }, ' · ', el('bdi', {}, String(label)))]));
    picture.src = state.dataset === null ? '' : api.imageUrl(state.dataset, sequence);
    picture.width = grid.image_width_px;
    picture.height = grid.image_height_px;
    const n = tokens.sequences.length[sequence];
    const buttons = Array.from({ length: n }, (_, i) => makeButton(tokens, start + i));
    listed = { tokens, start, n, buttons };
    patches.style.gridTemplate = `repeat(${grid.n_rows}, 1fr) / repeat(${grid.n_columns}, 1fr)`;
    patches.replaceChildren(...buttons.filter((_, i) => tokens.tokenType[start + i] === 'patch'));
    prefix.replaceChildren(...buttons.filter((_, i) => tokens.tokenType[start + i] !== 'patch'));
    prefix.hidden = prefix.childElementCount === 0;
  }

  /**
   * @param {Tokens} tokens
   * @param {number} token
   */
  function makeButton(tokens, token) {
    const enter = () => { if (last) hover.set({ kind: last.selected.kind === 'query' ? 'key' : 'query', token }); };
    const isPatch = tokens.tokenType[token] === 'patch';
    return el('button', {
      class: isPatch ? 'image__patch' : 'image__token', type: 'button', onClick: () => { if (last) actions.select({ kind: last.selected.kind, token }); },
      onPointerenter: enter, onPointerleave: () => hover.set(null), onFocus: enter, onBlur: () => hover.set(null),
    }, isPatch ? '' : tokenWords(tokens, token));
  }

  /** Arrow keys move between patches. @param {KeyboardEvent} event */
  function moveFocus(event) {
    const columns = facts.description.value?.manifest?.patch_grid?.n_columns ?? 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const all = [...patches.children];
    const next = all[all.indexOf(/** @type {Element} */ (document.activeElement)) + step];
    if (next instanceof HTMLElement) next.focus();
  }

  /** @param {number} position in the image */
  function weightOf(position) {
    if (!last?.attention || !listed) return null;
    const { n, pattern } = last.attention;
    const chosen = last.selected.token - listed.start;
    return last.selected.kind === 'query' ? pattern[chosen * n + position] : pattern[position * n + chosen];
  }

  /**
   * @param {Shown} shown
   * @param {PatchGrid} grid
   */
  function paint({ selected, tokens }, grid) {
    if (!listed) return;
    const { buttons, start, n } = listed;
    const weights = Float32Array.from({ length: n }, (_, i) => weightOf(i) ?? 0);
    const largest = Math.max(...weights, 1e-6);
    const colors = RAMPS[selected.kind === 'query' ? 1 : 0]; // a query pays to keys: the heat has the colour of what it falls on
    heat.width = grid.n_columns;
    heat.height = grid.n_rows;
    const pen = heat.getContext('2d');
    buttons.forEach((button, i) => {
      const share = weights[i] / largest;
      const color = cssColor(colors[Math.round(share * 255)]);
      const isChosen = i === selected.token - start;
      button.tabIndex = isChosen ? 0 : -1;
      setAttribute(button, 'aria-pressed', String(isChosen));
      button.classList.toggle('image__chosen--query', isChosen && selected.kind === 'query');
      button.classList.toggle('image__chosen--key', isChosen && selected.kind === 'key');
      setAttribute(button, 'aria-label', `${tokenWords(tokens, start + i)}, weight ${weights[i].toFixed(3)}`);
      if (tokens.tokenType[start + i] !== 'patch') {
        button.style.backgroundColor = `color-mix(in srgb, ${color} ${100 * heatAlpha(share)}%, transparent)`;
        return;
      }
      if (!pen) return;
      pen.globalAlpha = heatAlpha(share);
      pen.fillStyle = color;
      pen.fillRect(Number(tokens.column?.[start + i]), Number(tokens.row?.[start + i]), 1, 1);
    });
    ramp.style.backgroundImage = `linear-gradient(to right, ${rampStops(colors).join(', ')})`;
    setText(least, '0');
    setText(most, largest.toFixed(3));
    tell();
  }

  function tell() {
    if (!last || !listed) return;
    const hovered = hover.get();
    const position = hovered ? hovered.token - listed.start : -1;
    const isInside = position >= 0 && position < listed.n;
    const weight = isInside ? weightOf(position) : null;
    const words = last.selected.kind === 'query' ? 'Attention that the selected query pays to each key.' : 'Attention that the selected key receives from each query.';
    setText(told, isInside && weight !== null ? `${tokenWords(listed.tokens, listed.start + position)}: ${weight.toFixed(4)}` : words);
  }

  const stopHover = hover.subscribe(tell);
  return {
    element,
    update,
    destroy() {
      stopHover();
      segments.destroy();
      element.remove();
    },
  };
}

/** The picture stays visible under little attention. @param {number} share */
function heatAlpha(share) {
  return 0.12 + 0.73 * share;
}
