/**
 * The offset profile of a head: its mean weight by how far the key is from the query, over the
 * whole corpus.
 */

import {
  knownPart,
  strongestOffset,
  isFirm,
  ticksOf,
  largestOf,
} from '../compute/offset_profile.js';
import { el, setAttribute, setText } from '../ui/dom.js';
import { formatScore } from '../data/head_measure_columns.js';
import { counted } from '../compute/number_text.js';
import { formatOffset } from '../compute/offset_means.js';

/** @import { OffsetProfile } from '../page.js' */

const SVG = 'http://www.w3.org/2000/svg';
const HIGH = 100;

/** @param {HTMLElement} root */
export function createOffsetProfile(root) {
  const svg = document.createElementNS(SVG, 'svg');
  const bars = document.createElementNS(SVG, 'path');
  const pale = document.createElementNS(SVG, 'path');
  const chosen = document.createElementNS(SVG, 'path');
  bars.setAttribute('class', 'profile__bars');
  pale.setAttribute('class', 'profile__bars profile__bars--pale');
  chosen.setAttribute('class', 'profile__chosen');
  svg.setAttribute('class', 'profile__picture');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(bars, pale, chosen);
  const most = el('span', { class: 'profile__most' });
  const frame = el(
    'div',
    {
      class: 'profile__frame',
      tabindex: '0',
      role: 'slider',
      title: 'Left and right go from offset to offset',
      'aria-label': 'Mean weight at an offset of the key from the query',
      onKeydown: step,
      onPointermove: point,
      onPointerleave: rest,
      onFocusout: rest,
      onFocus: () => tell(strongest()),
    },
    svg,
  );
  const after = el('span', {}, 'key after');
  const axis = el('div', { class: 'profile__axis', 'aria-hidden': 'true' });
  const status = el('p', { class: 'profile__status' });
  const element = el(
    'div',
    { class: 'profile', hidden: true },
    el('p', { class: 'profile__title' }, el('span', {}, 'Weight by offset'), most),
    frame,
    axis,
    el(
      'p',
      { class: 'profile__ends soft', 'aria-hidden': 'true' },
      el('span', {}, 'key before query'),
      after,
    ),
    status,
  );
  root.append(element);
  /** @type {OffsetProfile | null} */
  let given = null;
  /** Its part that has weights. @type {OffsetProfile | null} */
  let shown = null;
  let at = -1;

  function strongest() {
    return shown ? strongestOffset(shown) : -1;
  }

  /** @param {number} i */
  function tell(i) {
    if (!shown || i < 0) return;
    at = i;
    chosen.setAttribute('d', barPath(shown, i, largestOf(shown)));
    setText(status, wordsAt(shown, i));
    setAttribute(frame, 'aria-valuenow', String(shown.offsets[i]));
    setAttribute(frame, 'aria-valuetext', wordsAt(shown, i));
  }

  function rest() {
    if (document.activeElement === frame && frame.matches(':focus-visible')) return;
    tell(strongest());
    chosen.setAttribute('d', '');
    at = -1;
  }

  /** @param {PointerEvent} event */
  function point(event) {
    if (!shown) return;
    const { left, width } = frame.getBoundingClientRect();
    tell(
      Math.min(
        shown.offsets.length - 1,
        Math.max(0, Math.floor(((event.clientX - left) / width) * shown.offsets.length)),
      ),
    );
  }

  /** @param {KeyboardEvent} event */
  function step(event) {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (by === undefined || !shown) return;
    event.preventDefault();
    event.stopPropagation();
    tell(Math.min(shown.offsets.length - 1, Math.max(0, (at < 0 ? strongest() : at) + by)));
  }

  return {
    /** @param {OffsetProfile | null} whole */
    update(whole) {
      if (whole === given) return;
      given = whole;
      const profile = (shown = whole && knownPart(whole));
      element.hidden = profile === null;
      if (!profile) return;
      const n = profile.offsets.length;
      const largest = largestOf(profile);
      svg.setAttribute('viewBox', `0 0 ${n} ${HIGH}`);
      const paths = profile.offsets.map((_, i) => barPath(profile, i, largest));
      bars.setAttribute('d', paths.filter((_, i) => isFirm(profile, i)).join(''));
      pale.setAttribute('d', paths.filter((_, i) => !isFirm(profile, i)).join(''));
      after.hidden = profile.offsets[n - 1] <= 0;
      setText(most, `highest ${formatScore(largest, 3)}`);
      setAttribute(frame, 'aria-valuemin', String(profile.offsets[0]));
      setAttribute(frame, 'aria-valuemax', String(profile.offsets[n - 1]));
      axis.replaceChildren(
        ...ticksOf(profile.offsets).map(({ i, words }) => {
          const tick = el('span', { class: 'profile__tick' }, words);
          tick.style.left = `${(100 * (i + 0.5)) / n}%`;
          return tick;
        }),
      );
      rest();
    },
    destroy: () => element.remove(),
  };
}

/** @param {OffsetProfile} profile @param {number} i @param {number} largest */
function barPath({ weights }, i, largest) {
  const height = Math.min(HIGH, (HIGH * (weights[i] ?? 0)) / largest);
  return `M${i} ${HIGH}V${(HIGH - height).toFixed(2)}h0.9V${HIGH}z`;
}

/** @param {OffsetProfile} profile @param {number} i */
function wordsAt({ offsets, weights, n_rows: nRows }, i) {
  const words = formatOffset({ from: offsets[i], to: offsets[i], label: '' });
  const where = words[0].toUpperCase() + words.slice(1);
  const weight = weights[i];
  return weight === null
    ? `${where}: no row has it`
    : `${where}: ${formatScore(weight, 3)} over ${counted(nRows[i], 'row')}`;
}
