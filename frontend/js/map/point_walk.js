/**
 * The map of a head as a control that has the focus: keys go through its points, which are
 * announced with what the tooltip says of them.
 */

import { el, setText, UNTRANSLATED } from '../ui/dom.js';
import { pointOf, selectedAt } from '../data/points.js';
import { sequenceWord } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';
import { countWalk, nextPoint, wantedPoints } from '../compute/point_order.js';
import { formatPoint } from './point_text.js';

/** @import { Context, Tokens } from '../page.js' */
/** @import { Frame } from '../types.js' */

const NAME =
  'Map of this head: n for the next point, p for the one before, with Shift for the next ' +
  'sentence or image; Enter selects, Escape leaves';

/**
 * @param {HTMLElement} root
 * @param {Context & {frame: () => Frame | null, show: (point: number) => void, leave: () =>
 *   void, colorValue: (tokens: Tokens, point: number) => {label: string, value: string} | null}}
 *   context `colorValue` is what the colour mode says of a point, `show` brings it into sight
 */
export function createPointWalk(
  root,
  { actions, derived, facts, frame, leave, show, store, colorValue },
) {
  const status = el('div', { ...UNTRANSLATED, class: 'visually-hidden', role: 'status' });
  const element = el('div', {
    class: 'walk',
    role: 'application',
    tabindex: '0',
    'aria-label': NAME,
    hidden: true,
    onKeydown: press,
    onBlur: stop,
  });
  root.append(element, status);
  /** The point that the keys have reached, or -1. */
  let point = -1;
  /** Where the keys go on after a break, or -1. */
  let last = -1;

  /** @param {1 | -1} step @param {boolean} isLeap */
  function walk(step, isLeap) {
    const tokens = facts.tokens.value;
    const shown = frame();
    const { selected } = store.get();
    if (!tokens || !shown || element.hidden || shown.nPoints !== 2 * tokens.n) return;
    if (document.activeElement !== element) element.focus({ preventScroll: true });
    const isWanted = wantedPoints(shown.flags, derived.hits(store.get())?.hits ?? null);
    const from =
      last >= 0 && last < shown.nPoints ? last : selected ? pointOf(selected, tokens.n) : -1;
    const next = nextPoint(tokens, isWanted, from, step, isLeap);
    if (next < 0) return setText(status, 'No point is drawn.');
    point = last = next;
    show(next);
    const { at, all } = countWalk(tokens.n, isWanted, next);
    setText(
      status,
      [
        formatPoint(tokens, selectedAt(next, tokens.n)),
        formatColorValue(colorValue(tokens, next)),
        `${count(at)} of ${counted(all, 'point')}`,
      ]
        .filter(Boolean)
        .join(', '),
    );
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (
      point < 0 ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      (event.key !== 'Enter' && event.key !== 'Escape')
    )
      return;
    event.preventDefault();
    const nTokens = facts.tokens.value?.n ?? 0;
    if (event.key === 'Enter' && point < 2 * nTokens) actions.select(selectedAt(point, nTokens));
    else stop();
  }

  function stop() {
    if (point < 0) return;
    point = -1;
    setText(status, '');
    leave();
  }

  return {
    walk,
    stop,
    get point() {
      return point;
    },
    /** @param {boolean} isHead whether the map of one head is shown */
    update(isHead) {
      if (!isHead && !element.hidden) {
        stop();
        last = -1;
      }
      element.hidden = !isHead;
      const word = sequenceWord(facts.description.value?.manifest?.model.modality ?? 'text');
      element.setAttribute('aria-label', NAME.replace('sentence or image', word));
    },
    destroy() {
      element.remove();
      status.remove();
    },
  };
}

/** @param {{label: string, value: string} | null} colorValue */
function formatColorValue(colorValue) {
  return colorValue && colorValue.value !== '' ? `${colorValue.label} ${colorValue.value}` : '';
}

/** @typedef {ReturnType<typeof createPointWalk>} PointWalk */
