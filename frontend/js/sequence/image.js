/**
 * One image under one head: a heat map of the selected patch, or the connections between patches.
 */

import { heatAlpha } from '../compute/heat.js';
import { corpusText, el, emptyPen, setAttribute, setText, watchPixelRatio } from '../ui/dom.js';
import { canvasPalette, cssColor, rampStops } from '../color/palettes.js';
import { keysOf } from '../ui/keys.js';
import { kindOther, formatTokenName } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { formatMean } from '../data/mean_text.js';
import { createAttentionTools } from './attention_tools.js';
import {
  MIN_ALONE,
  MIN_STRONGEST,
  linksFrom,
  MAX_LINKS,
  paintLinks,
  strongestOfEach,
} from '../render/image_links.js';
import { nCorpusSequences } from '../data/user_sequence_text.js';
import { createImageTools } from './image_tools.js';
import { asBothKinds } from './special_tokens.js';

/** @import { Context, PatchGrid, Tokens } from '../page.js' */
/** @import { SequenceView, Shown } from './panel.js' */
/** @import { Link, Place, Spot } from '../render/image_links.js' */

/**
 * The heat is drawn over a picture, dark in both themes; the ramps of the dark theme run towards
 * light.
 */
const rampsOf = (/** @type {import('../page.js').PaletteName} */ palette) =>
  canvasPalette('dark', palette).ramps;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {SequenceView}
 */
export function createImageView(root, context) {
  const { actions, api, facts, hover, pairing } = context;
  const name = el('p', { class: 'image__name' });
  const element = el('div', { class: 'image' }, name);
  root.append(element);
  const tools = createImageTools(element, context);
  const picture = el('img', { class: 'image__picture', alt: '' });
  const heat = el('canvas', { class: 'image__heat', 'aria-hidden': 'true' });
  const patches = el('div', {
    class: 'image__patches',
    role: 'group',
    'aria-label': 'Patches',
    onKeydown: press,
  });
  const prefix = el('div', {
    class: 'image__prefix',
    role: 'group',
    'aria-label': 'Tokens that are no patch',
    onKeydown: press,
  });
  const canvas = el('canvas', { class: 'image__links', 'aria-hidden': 'true' });
  const frame = el('div', { class: 'image__frame' }, picture, heat, patches);
  const main = el('div', { class: 'image__main' }, frame, prefix, canvas);
  const status = el('p', { class: 'image__status', role: 'status' });
  const [least, most, ramp] = [
    el('span', {}),
    el('span', {}),
    el('span', { class: 'legend__ramp' }),
  ];
  const legend = el(
    'div',
    { class: 'image__legend' },
    ramp,
    el('span', { class: 'legend__range' }, least, most),
  );
  element.append(main, legend, status);
  const attentionTools = createAttentionTools(element, context);

  /** @type {Shown | null} */
  let last = null;
  /** @type {{tokens: Tokens, start: number, n: number, buttons: HTMLButtonElement[]} | null} */
  let listed = null;
  let rest = '';

  const grid = () => facts.description.value?.manifest?.patch_grid ?? null;
  /** What is drawn: of this image, or the mean. @param {Shown} shown */
  const weightsOf = (shown) => (shown.state.isImageMean ? shown.mean : shown.attention);

  /** @param {Shown} shown */
  function update(shown) {
    const patchGrid = grid();
    if (!patchGrid) return;
    const { start } = shown;
    tools.update(shown);
    attentionTools.update(shown);
    if (listed?.tokens !== shown.tokens || listed.start !== start) list(shown, patchGrid);
    last = shown;
    main.classList.toggle('is-mean', shown.state.isImageMean);
    legend.hidden = shown.state.at === null || shown.state.imageLinks !== 'heat';
    paint(shown, patchGrid);
  }

  /**
   * @param {Shown} shown
   * @param {PatchGrid} patchGrid
   */
  function list({ state, tokens, sequence, start, n }, patchGrid) {
    const label = tokens.sequences.columns.label?.[sequence];
    name.replaceChildren(
      corpusText(tokens.sequences.text[sequence], null),
      ...(label === undefined || label === null
        ? []
        : [el('span', { class: 'soft' }, ' · ', corpusText(String(label), null))]),
    );
    picture.src = state.dataset === null ? '' : api.imageUrl(state.dataset, sequence);
    picture.width = patchGrid.image_width_px;
    picture.height = patchGrid.image_height_px;
    const buttons = Array.from({ length: n }, (_, i) => makeButton(tokens, start + i));
    listed = { tokens, start, n, buttons };
    const { n_rows: nRows, n_columns: nColumns } = patchGrid;
    patches.style.gridTemplate = `repeat(${nRows}, 1fr) / repeat(${nColumns}, 1fr)`;
    patches.replaceChildren(...buttons.filter((_, i) => tokens.tokenType[start + i] === 'patch'));
    prefix.replaceChildren(...buttons.filter((_, i) => tokens.tokenType[start + i] !== 'patch'));
    prefix.hidden = prefix.childElementCount === 0;
  }

  /**
   * @param {Tokens} tokens
   * @param {number} token
   */
  function makeButton(tokens, token) {
    const enter = () => {
      if (!last) return;
      const {
        selected: { kind },
        state: { imageLinks },
      } = last;
      // In a heat map the other end of the attention is pointed at, among connections the patch
      // itself.
      hover.set({
        kind: imageLinks === 'heat' ? (kind === 'query' ? 'key' : 'query') : kind,
        token,
      });
    };
    const isPatch = tokens.tokenType[token] === 'patch';
    return el(
      'button',
      {
        class: isPatch ? 'image__patch' : 'image__token',
        type: 'button',
        'data-position': String(tokens.position[token]),
        title: isPatch ? null : 'Click selects it; Shift-click, or x, hides it or shows it again',
        onClick: (/** @type {MouseEvent} */ event) => click(event, token),
        onPointerenter: enter,
        onPointerleave: () => hover.set(null),
        onFocus: enter,
        onBlur: () => hover.set(null),
      },
      isPatch ? '' : formatTokenName(tokens, token),
    );
  }

  /** @param {MouseEvent} event @param {number} token */
  function click(event, token) {
    if (!last) return;
    if (event.shiftKey) return turnOver(token - last.start);
    pairing.take({ kind: kindOther(last.selected.kind), token }) ||
      actions.select({ kind: last.selected.kind, token });
  }

  /** Hide a token as query and as key, or show it again. @param {number} position */
  function turnOver(position) {
    const isHidden = last?.state.hidden.some((token) => token.position === position) ?? false;
    actions.toggleTokens(asBothKinds([position]), !isHidden);
  }

  /**
   * Wish the pair of the selected patch and another.
   *
   * @param {number} position
   * @param {boolean} isStrong
   */
  function markPair(position, isStrong) {
    if (last)
      pairing.mark({ kind: kindOther(last.selected.kind), token: last.start + position }, isStrong);
  }

  /** Arrow keys move between patches, x hides, + and - mark a pair. @param {KeyboardEvent} event */
  function press(event) {
    const columns = grid()?.n_columns ?? 1;
    const holder = event.target;
    if (!(holder instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const turns = /** @type {Record<string, typeof turnOver | typeof markPair>} */ ({
      x: turnOver,
      '+': markPair,
      '-': markPair,
    });
    const key = keysOf(event).find((meant) => turns[meant]) ?? '';
    const turn = turns[key];
    if (turn === undefined && step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (turn) return turn(Number(holder.dataset.position), key === '+');
    const all = [...(holder.parentElement?.children ?? [])];
    const next = all[all.indexOf(holder) + (step ?? 0)];
    if (next instanceof HTMLElement) next.focus();
  }

  /**
   * Weight between the selected patch and another.
   *
   * @param {Shown} shown
   * @param {number} position in the image
   */
  function weightOf(shown, position) {
    const weights = weightsOf(shown);
    if (!weights) return null;
    const chosen = shown.selected.token - shown.start;
    return shown.selected.kind === 'query'
      ? weights.pattern[chosen * weights.n + position]
      : weights.pattern[position * weights.n + chosen];
  }

  /**
   * @param {Shown} shown
   * @param {PatchGrid} patchGrid
   */
  function paint(shown, patchGrid) {
    const { selected, tokens, start, n, state } = shown;
    if (!listed) return;
    const isHeat = state.imageLinks === 'heat' && state.at !== null;
    const weights = Float32Array.from({ length: n }, (_, i) => weightOf(shown, i) ?? 0);
    const largest = weights.reduce((a, b) => Math.max(a, b), 1e-6);
    // a query pays to keys: the heat has the colour of what it falls on
    const colors = rampsOf(state.palette)[selected.kind === 'query' ? 1 : 0];
    const hidden = new Set(state.hidden.map(({ position }) => position));
    heat.hidden = !isHeat;
    heat.width = patchGrid.n_columns;
    heat.height = patchGrid.n_rows;
    const pen = heat.getContext('2d');
    listed.buttons.forEach((button, i) => {
      const share = weights[i] / largest;
      const color = cssColor(colors[Math.round(share * 255)]);
      markButton(
        button,
        shown,
        i,
        `${formatTokenName(tokens, start + i)}, weight ${weights[i].toFixed(3)}`,
        hidden.has(i),
      );
      if (tokens.tokenType[start + i] !== 'patch') {
        button.style.backgroundColor = isHeat
          ? `color-mix(in srgb, ${color} ${100 * heatAlpha(share)}%, transparent)`
          : '';
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
    paintConnections();
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Shown} shown
   * @param {number} i
   * @param {string} words
   * @param {boolean} isHidden
   */
  function markButton(button, { selected, start }, i, words, isHidden) {
    const isChosen = i === selected.token - start;
    button.tabIndex = isChosen || button.parentElement === prefix ? 0 : -1;
    setAttribute(button, 'aria-pressed', String(isChosen));
    button.classList.toggle('image__chosen--query', isChosen && selected.kind === 'query');
    button.classList.toggle('image__chosen--key', isChosen && selected.kind === 'key');
    button.classList.toggle('is-hidden', isHidden);
    setAttribute(button, 'aria-label', isHidden ? `${words}, hidden` : words);
  }

  /** The token that is pointed at, in the direction that is shown. @returns {Place | null} */
  function isolated() {
    const hovered = hover.get();
    const position = hovered && last ? hovered.token - last.start : -1;
    return last && position >= 0 && position < last.n
      ? { kind: last.selected.kind, position }
      : null;
  }

  /**
   * The connections that are drawn now, and how many more there are.
   *
   * @param {Shown} shown
   * @returns {{links: Link[], nAll: number, alone: Place | null}}
   */
  function connections(shown) {
    const {
      state: { at, imageLinks, imageThreshold },
      selected,
    } = shown;
    const weights = weightsOf(shown);
    if (!at || imageLinks === 'heat' || !weights) return { links: [], nAll: 0, alone: null };
    const alone = isolated();
    const threshold = imageLinks === 'all' ? Math.max(MIN_ALONE, imageThreshold) : MIN_ALONE;
    const links =
      imageLinks === 'all' || alone
        ? linksFrom(weights, threshold, alone)
        : strongestOfEach(weights, selected.kind);
    return { links: links.slice(-MAX_LINKS), nAll: links.length, alone };
  }

  function paintConnections() {
    if (!last || !listed) return;
    const shown = connections(last);
    const isShown = last.state.imageLinks !== 'heat' && last.state.at !== null;
    rest = formatRest(last, shown, facts.aggregate.status === 'failed');
    tell();
    canvas.hidden = !isShown;
    const pen = isShown ? emptyPen(canvas) : null;
    if (!pen) return;
    const patch = patches.clientWidth / (grid()?.n_columns ?? 1);
    const classPosition =
      Array.from(listed.buttons.keys()).find(
        (i) => listed?.tokens.tokenType[listed.start + i] === 'class',
      ) ?? -1;
    const box = canvas.getBoundingClientRect();
    /** @type {Map<number, Spot>} */
    const spots = new Map();
    /** @param {number} position @returns {Spot} */
    const spotOf = (position) => {
      const known = spots.get(position);
      if (known || !listed) return known ?? { x: 0, y: 0 };
      const at = listed.buttons[position].getBoundingClientRect();
      const spot = { x: at.left + at.width / 2 - box.left, y: at.top + at.height / 2 - box.top };
      spots.set(position, spot);
      return spot;
    };
    paintLinks(pen, shown.links, {
      spotOf,
      classPosition,
      patch,
      isByWeight: last.state.imageLinks === 'all' || shown.alone !== null,
    });
  }

  function tell() {
    if (!last) return;
    const hovered = hover.get();
    const position = hovered ? hovered.token - last.start : -1;
    const isInside = position >= 0 && position < last.n;
    const weight = isInside && last.state.imageLinks === 'heat' ? weightOf(last, position) : null;
    setText(
      status,
      weight !== null
        ? `${formatTokenName(last.tokens, last.start + position)}: ${weight.toFixed(4)}`
        : rest,
    );
  }

  const stopHover = hover.subscribe(paintConnections);
  const observer = new ResizeObserver(paintConnections);
  observer.observe(main);
  const stopRatio = watchPixelRatio(paintConnections);
  return {
    element,
    update,
    destroy() {
      stopHover();
      observer.disconnect();
      stopRatio();
      for (const part of [tools, attentionTools]) part.destroy();
      element.remove();
    },
  };
}

/**
 * What is seen.
 *
 * @param {Shown} shown
 * @param {{links: Link[], nAll: number, alone: Place | null}} drawn
 * @param {boolean} isFailed whether the mean could not be had
 */
function formatRest(shown, { links, nAll, alone }, isFailed) {
  const { state, selected, mean, tokens, start, n } = shown;
  if (!state.at) return '';
  const meanOver = state.isImageMean
    ? formatMean(shown, isFailed, nCorpusSequences(tokens), 'image')
    : '';
  if (state.isImageMean && !mean) return meanOver;
  const over = meanOver && ` ${meanOver}`;
  if (state.imageLinks === 'heat') {
    return selected.kind === 'query'
      ? `Attention that the selected query pays to each key.${over}`
      : `Attention that the selected key receives from each query.${over}`;
  }
  const cut = nAll > links.length ? `, the ${count(links.length)} strongest drawn` : '';
  const each =
    selected.kind === 'query'
      ? 'The strongest key of every query'
      : 'The strongest query of every key';
  if (alone) {
    const from = state.imageLinks === 'all' ? Math.max(MIN_ALONE, state.imageThreshold) : MIN_ALONE;
    return (
      `${alone.kind === 'query' ? 'What is attended to by' : 'What attends to'} the ` +
      `${formatTokenName(tokens, start + alone.position)}, from a weight of ${from} on: ` +
      `${counted(nAll, 'connection')}.${over}`
    );
  }
  const what =
    state.imageLinks === 'strongest'
      ? `${each}, from a weight of ${MIN_STRONGEST} on`
      : 'All connections';
  const hasClass = tokens.tokenType.slice(start, start + n).includes('class');
  const square = hasClass ? '; square: to the class token' : '';
  const signs = `Arrow: from query to key; circle: to itself${square}.`;
  return `${what}: ${counted(nAll, 'connection')}${cut}. ${signs}${over}`;
}
