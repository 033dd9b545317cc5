/** A small bar chart: the mean weight by offset, in this sentence and in the mean of all. */

import { cropped } from '../compute/head_parts.js';
import { el, setText } from '../ui/dom.js';
import { meanByOffset, offsetSpans, formatOffset } from '../compute/offset_means.js';

/** @import { Shown } from './panel.js' */
/** @import { Span } from '../compute/offset_means.js' */

/** @param {HTMLElement} root */
export function createOffsets(root) {
  const chart = el('ol', {
    class: 'offsets__chart',
    'aria-label': 'Mean weight by offset of the key from the query',
  });
  const status = el('p', { class: 'offsets__status', role: 'status' });
  const most = el('span', { class: 'offsets__most soft' });
  const meanLegend = el('span', { class: 'offsets__kind' }, swatch('mean'), 'mean');
  const element = el(
    'div',
    { class: 'offsets' },
    el('p', { class: 'offsets__legend' }, swatch('sentence'), 'this sentence', meanLegend, most),
    chart,
    el(
      'p',
      { class: 'offsets__axis soft', 'aria-hidden': 'true' },
      el('span', {}, 'key before query'),
      el('span', {}, 'offset'),
      el('span', { class: 'offsets__after' }, 'key after query'),
    ),
    status,
  );
  root.append(element);
  chart.addEventListener('pointerleave', () => setText(status, rest));
  chart.addEventListener('focusout', () => setText(status, rest));
  let rest = '';
  /** @type {{attention: unknown, mean: unknown, from: number} | null} */
  let last = null;

  /**
   * @param {Span} span
   * @param {number} own
   * @param {number} mean
   * @param {number} largest
   */
  function makeBar(span, own, mean, largest) {
    const inMean = meanLegend.hidden ? '' : ` here, ${formatWeight(mean)} in the mean`;
    const words = `${capital(formatOffset(span))}: ${formatWeight(own)}${inMean}`;
    const tell = () => setText(status, words);
    return el(
      'li',
      {
        class: 'offsets__item',
        tabindex: span.from === 0 ? '0' : '-1',
        'aria-label': words,
        onPointerenter: tell,
        onFocus: tell,
        onKeydown: moveFocus,
      },
      el(
        'span',
        { class: 'offsets__bars' },
        bar('sentence', own / largest),
        bar('mean', mean / largest),
      ),
      el('span', { class: 'offsets__label' }, span.label),
    );
  }

  /** Left and right move between bars. @param {KeyboardEvent} event */
  function moveFocus(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const all = /** @type {HTMLElement[]} */ ([...chart.children]);
    const next = all[all.indexOf(/** @type {HTMLElement} */ (event.currentTarget)) + step];
    if (!next) return;
    for (const item of all) item.tabIndex = item === next ? 0 : -1;
    next.focus();
  }

  return {
    /** @param {Shown & {hasMean: boolean}} shown */
    update({ attention: whole, mean, hasMean, isCausal, spans: { query }, state }) {
      // Offsets are within one text.
      const n = query[1] - query[0];
      meanLegend.hidden = !hasMean;
      if (last?.attention === whole && last?.mean === mean && last?.from === query[0]) return;
      last = { attention: whole, mean, from: query[0] };
      const attention = whole && inText(whole, query);
      const hidden = state.hidden
        .map((token) => ({ ...token, position: token.position - query[0] }))
        .filter(({ position }) => position >= 0);
      const spans = offsetSpans(n, isCausal);
      const nothing = spans.map(() => NaN);
      const own = attention ? meanByOffset(attention, spans, hidden) : nothing;
      const all = mean ? meanByOffset(mean, spans, hidden) : nothing;
      const largest = Math.max(1e-9, ...[...own, ...all].filter((weight) => !Number.isNaN(weight)));
      chart.replaceChildren(...spans.map((span, i) => makeBar(span, own[i], all[i], largest)));
      element.classList.toggle('is-causal', isCausal);
      setText(most, `highest bar ${largest.toFixed(2)}`);
      rest = formatRest(spans, own, all);
      setText(status, rest);
    },
    destroy: () => element.remove(),
  };
}

/**
 * The attention within one text of a sequence.
 *
 * @param {{n: number, pattern: Float32Array}} attention
 * @param {readonly [number, number]} span
 */
function inText({ n, pattern }, span) {
  const { height, values } = cropped(pattern, n, { query: span, key: span });
  return { n: height, pattern: values };
}

/**
 * @param {readonly Span[]} spans
 * @param {readonly number[]} own
 * @param {readonly number[]} all
 */
function formatRest(spans, own, all) {
  /** @param {readonly number[]} weights */
  const strongest = (weights) =>
    weights.reduce((best, weight, i) => (weight > (weights[best] ?? -1) ? i : best), -1);
  const [here, mean] = [strongest(own), strongest(all)];
  const words =
    here < 0 ? [] : [`Most to ${formatOffset(spans[here])} (${formatWeight(own[here])})`];
  if (mean >= 0)
    words.push(
      mean === here
        ? `${formatWeight(all[mean])} in the mean`
        : `in the mean to ${formatOffset(spans[mean])} (${formatWeight(all[mean])})`,
    );
  return words.length > 0 ? `${capital(words.join('; '))}.` : '';
}

/** @param {string} words */
function capital(words) {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** @param {number} weight */
function formatWeight(weight) {
  return Number.isNaN(weight) ? 'no pair' : weight.toFixed(3);
}

/** @param {'sentence' | 'mean'} which @param {number} share */
function bar(which, share) {
  const element = el('span', { class: `offsets__bar offsets__bar--${which}` });
  element.style.height = `${Number.isNaN(share) ? 0 : 100 * share}%`;
  return element;
}

/** @param {'sentence' | 'mean'} which */
function swatch(which) {
  return el('span', { class: `offsets__swatch offsets__bar--${which}`, 'aria-hidden': 'true' });
}
