/**
 * Heads as dots on a canvas: pointed at by the mouse, reached by arrow keys, opened by a click.
 * Heads that attend alike lie near each other.
 */

import { el, emptyPen, setAttribute, setText, watchPixelRatio } from '../ui/dom.js';
import {
  dotRadius,
  fitHeads,
  headNear,
  headTowards,
  placeNames,
} from '../compute/head_map_layout.js';
import { parseColor } from '../compute/rgba.js';
import { drawDots } from '../render/dots.js';

/** @import { HeadsMap } from '../page.js' */
/** @import { Places } from '../compute/head_map_layout.js' */
/** @import { HeadMapImage } from './map_of_heads.js' */

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN_PX = 26;
const REACH_PX = 28;
/** Smaller dots have no outline. */
const MIN_OUTLINED_PX = 3;
const OUTSIDE_ALPHA = 77;
/** Of the heads highest in the measure that tints them, so many have their names before others. */
const N_HIGHEST = 3;

/**
 * @typedef {object} DotLook How a head is shown.
 * @property {number | null} packed its colour; null: it has none
 * @property {string | null} color the same for CSS
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
  const canvas = el('canvas', { class: 'map-of-heads__dots', 'aria-hidden': 'true' });
  const lines = createLineLayer();
  const names = el('div', { class: 'map-of-heads__names', 'aria-hidden': 'true' });
  const [openRing, pointedRing] = ['is-open', 'is-pointed'].map((state) =>
    el('div', { class: `map-of-heads__ring ${state}`, hidden: true }),
  );
  const pointedName = el('span', { class: 'map-of-heads__name is-over', hidden: true });
  const stop = createTabStop(point);
  const plot = el(
    'div',
    {
      class: 'map-of-heads__plot',
      onPointermove: look,
      onPointerleave: () => point(-1),
      onClick: click,
      onKeydown: walk,
    },
    canvas,
    lines,
    openRing,
    pointedRing,
    stop.element,
    names,
    pointedName,
  );
  root.append(plot);
  /** @type {HeadMapImage | null} */
  let image = null;
  /** @type {Places | null} */
  let places = null;
  let radius = 0;
  let current = -1;
  let shown = -1;
  const observer = new ResizeObserver(arrange);
  observer.observe(plot);
  const stopWatching = watchPixelRatio(arrange);

  function arrange() {
    if (!image || plot.clientWidth === 0) return;
    const { column, looks, map } = image;
    const room = { width: plot.clientWidth, height: plot.clientHeight };
    places = fitHeads(map.heads, room, MARGIN_PX);
    radius = dotRadius(map.heads.length, room);
    plot.style.setProperty('--dot', `${2 * radius}px`);
    paint();
    const first = [...(current >= 0 ? [current] : []), ...(column ? highest(image) : [])];
    const size = { ...measureIn(names, looks), reach: radius };
    names.replaceChildren(
      ...placeNames(places, size, room, first).map(({ head, isOver, left, top }) => {
        const name = el('span', { class: 'map-of-heads__name', 'data-head': String(head) });
        name.classList.toggle('is-over', isOver);
        name.textContent = looks[head].title;
        name.style.translate = `${left}px ${top}px`;
        return name;
      }),
    );
    placeMark(openRing, current);
    stop.place(places);
    show(shown);
  }

  function paint() {
    const pen = emptyPen(canvas);
    if (!pen || !image || !places) return;
    paintDots(pen, image.looks, places, radius, getComputedStyle(canvas).color);
  }

  /** @param {HTMLElement} mark @param {number} head -1: none */
  function placeMark(mark, head) {
    mark.hidden = head < 0 || !places;
    if (!places || head < 0) return;
    mark.style.translate = `${places.x[head]}px ${places.y[head]}px`;
    mark.style.backgroundColor = image?.looks[head].color ?? '';
  }

  /** Ring and name a head and draw lines to those nearest to it. @param {number} head -1: none */
  function show(head) {
    shown = head;
    placeMark(pointedRing, head);
    placePointedName(head);
    lines.replaceChildren(...(image && places ? nearestLines(image.map, places, head) : []));
  }

  /** Name the head unless its name has room anyway. @param {number} head -1: none */
  function placePointedName(head) {
    const isNamed = names.querySelector(`[data-head="${head}"]`) !== null;
    pointedName.hidden = !image || !places || head < 0 || isNamed;
    if (pointedName.hidden || !image || !places) return;
    setText(pointedName, image.looks[head].title);
    const { offsetHeight: height, offsetWidth: width } = pointedName;
    const distance = radius + REACH_PX / 4;
    const [x, y] = [places.x[head], places.y[head]];
    const left = x + distance + width <= plot.clientWidth ? x + distance : x - distance - width;
    const top = Math.min(plot.clientHeight - height, Math.max(0, y - height / 2));
    pointedName.style.translate = `${left}px ${top}px`;
  }

  /** @param {MouseEvent} event */
  function headAt(event) {
    const { left, top } = canvas.getBoundingClientRect();
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

  /** @param {MouseEvent} event a press of a key has no place */
  function click(event) {
    const head = event.detail === 0 ? stop.head() : headAt(event);
    if (head >= 0) open(head);
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const to = places && image ? headTowards(places, stop.head(), event.key) : null;
    if (to === null || !image || !places) return;
    event.preventDefault();
    if (to === stop.head()) return;
    stop.move(to, image.looks[to], to === current);
    stop.place(places);
  }

  return {
    show,
    /** Give the open head the focus, or the first. */
    focus: stop.focus,
    /**
     * @param {HeadMapImage} next
     * @param {number} openHead the head that is open, or -1
     */
    draw(next, openHead) {
      const isOther = next.map !== image?.map;
      const isArranged = !isOther && openHead === current && next.column === image?.column;
      const head = isOther || openHead !== current ? Math.max(0, openHead) : stop.head();
      [image, current] = [next, openHead];
      if (next.looks.length > 0) stop.describe(head, next.looks[head], head === openHead);
      if (isArranged) {
        paint();
        placeMark(openRing, current);
      } else arrange();
    },
    destroy: () => {
      stopWatching();
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
 * A button at the head that Tab leads to.
 *
 * @param {(head: number) => void} point
 */
function createTabStop(point) {
  const element = el('div', {
    class: 'map-of-heads__stop',
    role: 'group',
    'aria-label': 'Heads; arrow keys lead from one to the next',
  });
  let [button, at] = [makeButton(), -1];
  element.append(button);

  function makeButton() {
    return el('button', {
      class: 'map-of-heads__dot',
      type: 'button',
      onFocus: () => point(at),
      onBlur: () => point(-1),
    });
  }

  /** @param {number} head @param {DotLook} look @param {boolean} isOpen */
  function describe(head, { words }, isOpen) {
    at = head;
    setAttribute(button, 'aria-label', words);
    setAttribute(button, 'aria-current', isOpen ? 'true' : null);
  }

  return {
    element,
    head: () => at,
    describe,
    /**
     * By a button of its own, since screen readers read a head that gets the focus, not one whose
     * name changes.
     *
     * @param {number} head @param {DotLook} look @param {boolean} isOpen
     */
    move(head, look, isOpen) {
      const former = button;
      button = makeButton();
      describe(head, look, isOpen);
      former.after(button);
      button.focus({ preventScroll: true });
      former.remove();
    },
    /** @param {Places} places */
    place({ x, y }) {
      button.style.translate = `${x[at]}px ${y[at]}px`;
    },
    focus: () => button.focus({ preventScroll: true }),
  };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {readonly DotLook[]} looks
 * @param {Places} places
 * @param {number} radius
 * @param {string} ink of outlines
 */
function paintDots(pen, looks, { x, y }, radius, ink) {
  const ratio = pen.getTransform().a;
  const picture = pen.createImageData(pen.canvas.width, pen.canvas.height);
  drawDots(picture, {
    x: x.map((at) => at * ratio),
    y: y.map((at) => at * ratio),
    radius: radius * ratio,
    colors: Uint32Array.from(looks, ({ packed, isOutside }) =>
      packed === null ? 0 : (packed & 0xffffff) | ((isOutside ? OUTSIDE_ALPHA : 255) << 24),
    ),
    outline: radius < MIN_OUTLINED_PX ? null : parseColor(ink),
    ratio,
  });
  pen.putImageData(picture, 0, 0);
  pen.strokeStyle = ink;
  pen.setLineDash([2, 1.5]);
  looks.forEach(({ packed, isOutside }, i) => {
    if (packed !== null) return;
    pen.globalAlpha = isOutside ? OUTSIDE_ALPHA / 255 : 1;
    pen.beginPath();
    pen.arc(x[i], y[i], radius - 0.5, 0, 2 * Math.PI);
    pen.stroke();
  });
}

/** @param {HeadMapImage} image @returns {number[]} heads with the highest values, highest first */
function highest({ column, cells }) {
  const ranks = column?.ranks;
  if (!ranks) return [];
  return Array.from(cells.keys())
    .filter((head) => ranks[cells[head]] > 0 && ranks[cells[head]] <= N_HIGHEST)
    .sort((a, b) => ranks[cells[a]] - ranks[cells[b]])
    .slice(0, N_HIGHEST);
}

/**
 * Sizes of names.
 *
 * @param {HTMLElement} parent whose font they have
 * @param {readonly DotLook[]} looks
 */
function measureIn(parent, looks) {
  const pen = document.createElement('canvas').getContext('2d');
  const style = getComputedStyle(parent);
  if (pen) pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return {
    widthOf: (/** @type {number} */ head) => pen?.measureText(looks[head].title).width ?? 0,
    height: 1.2 * Number.parseFloat(style.fontSize),
  };
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
