/**
 * One image under one head: a heat map of the selected patch, or the connections between patches.
 */

import { corpusText, el, setText, watchPixelRatio } from '../ui/dom.js';
import { hasMeans } from '../data/mean_text.js';
import { kindOther, formatTokenName } from '../ui/labels.js';
import { createAttentionTools } from './attention_tools.js';
import { connectionsOf, formatConnections, paintConnections } from './image_connections.js';
import { createImageHeat } from './image_heat.js';
import { createImagePatches } from './image_patches.js';
import { createImageTools } from './image_tools.js';
import { weightOf } from './image_weights.js';
import { asBothKinds } from './special_tokens.js';

/** @import { Context } from '../page.js' */
/** @import { SequenceView, Shown } from './panel.js' */

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
  const image = el('img', { class: 'image__picture', alt: '' });
  const heat = createImageHeat();
  const tokens = createImagePatches({ pick, toggle, mark, point });
  const canvas = el('canvas', { class: 'image__links', 'aria-hidden': 'true' });
  const frame = el('div', { class: 'image__frame' }, image, heat.canvas, tokens.patches);
  const main = el('div', { class: 'image__main' }, frame, tokens.prefix, canvas);
  const status = el('p', { class: 'image__status', role: 'status' });
  element.append(main, heat.legend, status);
  const attentionTools = createAttentionTools(element, context);
  /** @type {Shown | null} */
  let last = null;

  /** @param {number} token */
  function pick(token) {
    if (!last) return;
    const { kind } = last.selected;
    pairing.take({ kind: kindOther(kind), token }) || actions.select({ kind, token });
  }

  /** Hide a token as query and as key, or show it again. @param {number} position */
  function toggle(position) {
    const isHidden = last?.state.hidden.some((token) => token.position === position) ?? false;
    actions.toggleTokens(asBothKinds([position]), !isHidden);
  }

  /** @param {number} position @param {boolean} isStrong */
  function mark(position, isStrong) {
    if (last)
      pairing.mark({ kind: kindOther(last.selected.kind), token: last.start + position }, isStrong);
  }

  /**
   * In a heat map the other end of the attention is pointed at, among connections the patch itself.
   *
   * @param {number | null} token
   */
  function point(token) {
    if (token === null) return hover.set(null);
    if (!last) return;
    const { kind } = last.selected;
    hover.set({ kind: last.state.imageLinks === 'heat' ? kindOther(kind) : kind, token });
  }

  function follow() {
    if (!last) return;
    const { selected, start, state } = last;
    const position = positionIn(last, hover.get()?.token ?? -1);
    const isolated = position < 0 ? null : { kind: selected.kind, position };
    const connections = connectionsOf(last, isolated);
    const isHeat = state.imageLinks === 'heat';
    const weight = isHeat && position >= 0 ? weightOf(last, position) : null;
    setText(
      status,
      weight !== null
        ? `${formatTokenName(last.tokens, start + position)}: ${weight.toFixed(4)}`
        : formatConnections(last, connections, facts.aggregate.status === 'failed'),
    );
    paintConnections(canvas, connections, last, tokens.buttons(), tokens.patchPx());
  }

  const stopHover = hover.subscribe(follow);
  const observer = new ResizeObserver(follow);
  observer.observe(main);
  const stopRatio = watchPixelRatio(follow);
  return {
    element,
    update(shown) {
      const patchGrid = facts.description.value?.manifest?.patch_grid ?? null;
      if (!patchGrid) return;
      const { dataset } = shown.state;
      tools.update(shown);
      attentionTools.update(shown);
      if (tokens.list(shown, patchGrid)) {
        name.replaceChildren(...nameOf(shown));
        image.src = dataset === null ? '' : api.imageUrl(dataset, shown.sequence);
        image.width = patchGrid.image_width_px;
        image.height = patchGrid.image_height_px;
      }
      last = shown;
      main.classList.toggle('is-mean', shown.state.isImageMean && hasMeans(shown.tokens));
      tokens.mark(shown, heat.paint(shown, patchGrid, tokens.buttons()));
      follow();
    },
    destroy() {
      stopHover();
      observer.disconnect();
      stopRatio();
      for (const part of [tools, attentionTools]) part.destroy();
      element.remove();
    },
  };
}

/** Where a token is in the image; -1: elsewhere. @param {Shown} shown @param {number} token */
function positionIn({ start, n }, token) {
  return token >= start && token < start + n ? token - start : -1;
}

/** Its name, and its label where it has one. @param {Shown} shown */
function nameOf({ tokens: { sequences }, sequence }) {
  const label = sequences.columns.label?.[sequence] ?? null;
  const more = () => el('span', { class: 'soft' }, ' · ', corpusText(String(label), null));
  return [corpusText(sequences.text.at(sequence), null), ...(label === null ? [] : [more()])];
}
