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
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { counted } from '../compute/number_text.js';
import { formatOffset } from '../compute/offset_means.js';

/** @import { OffsetProfile } from '../page.js' */

const SVG = 'http://www.w3.org/2000/svg';
const HIGH = 100;

/** What the keys do to the offset. @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

/** @param {HTMLElement} root */
export function createOffsetProfile(root) {
  const picture = createPicture();
  const frame = el(
    'div',
    {
      class: 'profile__frame',
      tabindex: '0',
      role: 'slider',
      title: 'Left and right arrow: previous and next offset',
      'aria-label': 'Mean weight at an offset of the key from the query',
      onKeydown: step,
      onPointermove: point,
      onPointerleave: rest,
      onFocusout: rest,
      onFocus: () => tell(strongest()),
    },
    picture.element,
  );
  const legend = createLegend();
  const status = el('p', { class: 'profile__status' });
  const element = el(
    'div',
    { class: 'profile', hidden: true },
    legend.title,
    frame,
    legend.axis,
    legend.ends,
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
    picture.choose(barPath(shown, i, largestOf(shown)));
    setText(status, wordsAt(shown, i));
    setAttribute(frame, 'aria-valuenow', String(shown.offsets[i]));
    setAttribute(frame, 'aria-valuetext', wordsAt(shown, i));
  }

  function rest() {
    if (document.activeElement === frame && frame.matches(':focus-visible')) return;
    tell(strongest());
    picture.choose('');
    at = -1;
  }

  /** @param {number} i @param {number} n */
  const within = (i, n) => Math.min(n - 1, Math.max(0, i));

  /** @param {PointerEvent} event */
  function point(event) {
    if (!shown) return;
    const { left, width } = frame.getBoundingClientRect();
    const n = shown.offsets.length;
    tell(within(Math.floor(((event.clientX - left) / width) * n), n));
  }

  /** @param {KeyboardEvent} event */
  function step(event) {
    const by = STEPS[event.key];
    if (by === undefined || !shown) return;
    event.preventDefault();
    event.stopPropagation();
    tell(within((at < 0 ? strongest() : at) + by, shown.offsets.length));
  }

  return {
    /** @param {OffsetProfile | null} whole */
    update(whole) {
      if (whole === given) return;
      given = whole;
      shown = whole && knownPart(whole);
      element.hidden = shown === null;
      if (!shown) return;
      const { offsets } = shown;
      picture.draw(shown);
      legend.update(shown);
      setAttribute(frame, 'aria-valuemin', String(offsets[0]));
      setAttribute(frame, 'aria-valuemax', String(offsets[offsets.length - 1]));
      rest();
    },
    destroy: () => element.remove(),
  };
}

/** The bars; those that rest on few rows are pale. */
function createPicture() {
  const [svg, bars, pale, chosen] = ['svg', 'path', 'path', 'path'].map((tag) =>
    document.createElementNS(SVG, tag),
  );
  bars.setAttribute('class', 'profile__bars');
  pale.setAttribute('class', 'profile__bars profile__bars--pale');
  chosen.setAttribute('class', 'profile__chosen');
  svg.setAttribute('class', 'profile__picture');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(bars, pale, chosen);
  return {
    element: svg,
    /** @param {OffsetProfile} profile */
    draw(profile) {
      const largest = largestOf(profile);
      svg.setAttribute('viewBox', `0 0 ${profile.offsets.length} ${HIGH}`);
      const paths = profile.offsets.map((_, i) => barPath(profile, i, largest));
      bars.setAttribute('d', paths.filter((_, i) => isFirm(profile, i)).join(''));
      pale.setAttribute('d', paths.filter((_, i) => !isFirm(profile, i)).join(''));
    },
    /** @param {string} path of the bar that is pointed at; empty for none */
    choose: (path) => chosen.setAttribute('d', path),
  };
}

/** What stands around the bars: the highest, the offsets, and which way they run. */
function createLegend() {
  const most = el('span', { class: 'profile__most' });
  const axis = el('div', { class: 'profile__axis', 'aria-hidden': 'true' });
  const after = el('span', {}, 'key after');
  return {
    title: el('p', { class: 'profile__title' }, el('span', {}, 'Weight by offset'), most),
    axis,
    ends: el(
      'p',
      { class: 'profile__ends soft', 'aria-hidden': 'true' },
      el('span', {}, 'key before query'),
      after,
    ),
    /** @param {OffsetProfile} profile */
    update(profile) {
      const { offsets } = profile;
      const n = offsets.length;
      setText(most, `highest ${formatMeasureValue(largestOf(profile), 3)}`);
      after.hidden = offsets[n - 1] <= 0;
      axis.replaceChildren(
        ...ticksOf(offsets).map(({ i, label: words }) => {
          const tick = el('span', { class: 'profile__tick' }, words);
          tick.style.left = `${(100 * (i + 0.5)) / n}%`;
          return tick;
        }),
      );
    },
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
    : `${where}: ${formatMeasureValue(weight, 3)} over ${counted(nRows[i], 'row')}`;
}
