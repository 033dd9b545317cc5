/**
 * Heads as dots: pointed at by the mouse, reached by arrow keys, opened by a click. Heads that
 * attend alike lie near each other.
 */

import { el, setAttribute } from '../ui/dom.js';
import { fitHeads, headNear, headTowards, placeNames } from '../compute/head_map_layout.js';

/** @import { HeadsMap } from '../page.js' */
/** @import { Places } from '../compute/head_map_layout.js' */

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN_PX = 26;
const REACH_PX = 28;
/** From so many heads on dots are small. */
const MANY = 200;

/**
 * @typedef {object} DotLook How a head is shown.
 * @property {string | null} color null: it has none
 * @property {boolean} isOutside whether it is outside of the chosen range
 * @property {string} title
 * @property {string} words its accessible name
 */

/**
 * @param {HTMLElement} root
 * @param {{point: (head: number) => void, open: (head: number) => void}} calls heads by index; -1:
 *   none is pointed at
 */
export function createHeadMapDots(root, { point, open }) {
  const lines = createLineLayer();
  const names = el('div', { class: 'map-of-heads__names', 'aria-hidden': 'true' });
  const dots = createDots(point);
  const plot = el(
    'div',
    {
      class: 'map-of-heads__plot',
      onPointermove: look,
      onPointerleave: () => point(-1),
      onClick: click,
      onKeydown: walk,
    },
    lines,
    dots.element,
    names,
  );
  root.append(plot);
  /** @type {HeadsMap | null} */
  let map = null;
  /** @type {readonly DotLook[]} */
  let looks = [];
  /** @type {Places | null} */
  let places = null;
  let current = -1;
  let shown = -1;
  const observer = new ResizeObserver(arrange);
  observer.observe(plot);

  function arrange() {
    if (!map || plot.clientWidth === 0) return;
    const room = { width: plot.clientWidth, height: plot.clientHeight };
    places = fitHeads(map.heads, room, MARGIN_PX);
    dots.place(places);
    names.replaceChildren(...nameElements(names, looks, places, room, dots.radius(), current));
    show(shown);
  }

  /** Ring a head and draw lines to those nearest to it. @param {number} head -1: none */
  function show(head) {
    shown = head;
    dots.ring(head);
    lines.replaceChildren(...(map && places ? nearestLines(map, places, head) : []));
  }

  /** @param {MouseEvent} event */
  function headAt(event) {
    const { left, top } = plot.getBoundingClientRect();
    return places
      ? headNear(places, { x: event.clientX - left, y: event.clientY - top }, REACH_PX)
      : -1;
  }

  /** @param {PointerEvent} event */
  function look(event) {
    const head = headAt(event);
    plot.classList.toggle('is-over', head >= 0);
    point(head);
  }

  /** @param {MouseEvent} event a press of a key on a dot has no place */
  function click(event) {
    const head = event.detail === 0 ? dots.indexOf(event.target) : headAt(event);
    if (head >= 0) open(head);
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const from = dots.indexOf(event.target);
    const to = places && from >= 0 ? headTowards(places, from, event.key) : null;
    if (to === null) return;
    event.preventDefault();
    dots.setTabStop(to);
    dots.focus();
  }

  return {
    show,
    /** Give the open head the focus, or the first. */
    focus: dots.focus,
    /**
     * @param {HeadsMap} next
     * @param {readonly DotLook[]} nextLooks of every head
     * @param {number} openHead the head that is open, or -1
     */
    draw(next, nextLooks, openHead) {
      const isOther = next !== map;
      [map, looks] = [next, nextLooks];
      if (isOther) dots.build(next.heads.length);
      dots.describe(looks, openHead);
      if (!isOther && openHead === current) return;
      current = openHead;
      dots.setTabStop(Math.max(0, openHead));
      arrange();
    },
    destroy: () => {
      observer.disconnect();
      plot.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createHeadMapDots>} HeadMapDots */

function createLineLayer() {
  const layer = document.createElementNS(SVG, 'svg');
  setAttribute(layer, 'class', 'map-of-heads__lines');
  setAttribute(layer, 'aria-hidden', 'true');
  return layer;
}

/**
 * A button for each head, one of which is in the order of Tab.
 *
 * @param {(head: number) => void} point
 */
function createDots(point) {
  const element = el('div', {
    class: 'map-of-heads__dots',
    role: 'group',
    'aria-label': 'Heads; arrow keys lead from one to the next',
  });
  /** @type {HTMLElement[]} */
  let all = [];

  return {
    element,
    /** @param {EventTarget | null} target */
    indexOf: (target) => all.indexOf(/** @type {HTMLElement} */ (target)),
    radius: () => (all[0]?.offsetWidth ?? 0) / 2,
    /** @param {number} n */
    build(n) {
      all = Array.from({ length: n }, (_, i) =>
        el('button', {
          class: 'map-of-heads__dot',
          type: 'button',
          onFocus: () => point(i),
          onBlur: () => point(-1),
        }),
      );
      element.replaceChildren(...all);
      element.classList.toggle('is-many', n > MANY);
    },
    /** @param {readonly DotLook[]} looks @param {number} open index of the head, or -1 */
    describe: (looks, open) =>
      looks.forEach(({ color, isOutside, words }, i) => {
        all[i].style.backgroundColor = color ?? '';
        all[i].classList.toggle('is-undefined', color === null);
        all[i].classList.toggle('is-outside', isOutside);
        setAttribute(all[i], 'aria-label', words);
        setAttribute(all[i], 'aria-current', i === open ? 'true' : null);
      }),
    /** @param {Places} places */
    place: ({ x, y }) =>
      all.forEach((dot, i) => {
        dot.style.translate = `${x[i]}px ${y[i]}px`;
      }),
    /** @param {number} head -1: none */
    ring: (head) => all.forEach((dot, i) => dot.classList.toggle('is-pointed', i === head)),
    /** @param {number} head */
    setTabStop: (head) =>
      all.forEach((dot, i) => {
        dot.tabIndex = i === head ? 0 : -1;
      }),
    focus: () => all.find((dot) => dot.tabIndex === 0)?.focus(),
  };
}

/**
 * The names that have room beside their dots.
 *
 * @param {HTMLElement} parent whose font they have
 * @param {readonly DotLook[]} looks
 * @param {Places} places
 * @param {{width: number, height: number}} room
 * @param {number} reach from the middle of a dot to its edge
 * @param {number} first head whose name is placed before the others
 */
function nameElements(parent, looks, places, room, reach, first) {
  const texts = looks.map(({ title }) => title);
  const pen = document.createElement('canvas').getContext('2d');
  const style = getComputedStyle(parent);
  if (pen) pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const widths = texts.map((text) => pen?.measureText(text).width ?? 0);
  const size = { widths, height: 1.2 * Number.parseFloat(style.fontSize), reach };
  return placeNames(places, size, room, first).map(({ head, left, top }) => {
    const name = el('span', { class: 'map-of-heads__name' }, texts[head]);
    name.style.translate = `${left}px ${top}px`;
    return name;
  });
}

/**
 * Lines from a head to those nearest to it.
 *
 * @param {HeadsMap} map
 * @param {Places} places
 * @param {number} from index of the head, or -1
 */
function nearestLines({ heads }, { x, y }, from) {
  const nearest = heads[from]?.nearest ?? [];
  return nearest.map((one) => {
    const to = heads.findIndex((other) => other.layer === one.layer && other.head === one.head);
    const line = document.createElementNS(SVG, 'line');
    for (const [name, value] of Object.entries({ x1: x[from], y1: y[from], x2: x[to], y2: y[to] }))
      line.setAttribute(name, String(value));
    return line;
  });
}
