/**
 * Heads as dots that lie near each other if they attend alike: pointed at, walked by the arrow
 * keys, opened by a click.
 */

import { createCleanup, el, setAttribute } from '../ui/dom.js';
import { fitHeads, headNear, headTowards, placeNames } from '../compute/head_map_layout.js';
import { formatTitle } from '../ui/labels.js';

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
 * @property {boolean} isOutside whether it steps back
 * @property {string} words its name and what there is to say of it
 */

/**
 * @param {HTMLElement} root
 * @param {{point: (head: number) => void, open: (head: number) => void}} calls heads by index; -1:
 *   none is pointed at
 */
export function createConstellation(root, { point, open }) {
  const cleanup = createCleanup();
  const lines = document.createElementNS(SVG, 'svg');
  setAttribute(lines, 'class', 'constellation__lines');
  setAttribute(lines, 'aria-hidden', 'true');
  const names = el('div', { class: 'constellation__names', 'aria-hidden': 'true' });
  const dots = el('div', {
    class: 'constellation__dots',
    role: 'group',
    'aria-label': 'Heads; arrow keys lead from one to the next',
  });
  const plot = el(
    'div',
    {
      class: 'constellation__plot',
      onPointermove: look,
      onPointerleave: () => point(-1),
      onClick: click,
      onKeydown: walk,
    },
    lines,
    dots,
    names,
  );
  root.append(plot);
  /** @type {HeadsMap | null} */
  let map = null;
  /** @type {Places | null} */
  let places = null;
  let current = -1;
  let shown = -1;
  const observer = new ResizeObserver(arrange);
  observer.observe(plot);
  cleanup.add(() => observer.disconnect());

  const all = () => /** @type {HTMLElement[]} */ ([...dots.children]);

  function arrange() {
    if (!map || plot.clientWidth === 0) return;
    const room = { width: plot.clientWidth, height: plot.clientHeight };
    const found = (places = fitHeads(map.heads, room, MARGIN_PX));
    all().forEach((dot, i) => {
      dot.style.translate = `${found.x[i]}px ${found.y[i]}px`;
    });
    const texts = map.heads.map(formatTitle);
    const pen = document.createElement('canvas').getContext('2d');
    const style = getComputedStyle(names);
    if (pen) pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const widths = texts.map((text) => pen?.measureText(text).width ?? 0);
    const size = {
      widths,
      height: 1.2 * Number.parseFloat(style.fontSize),
      reach: (all()[0]?.offsetWidth ?? 0) / 2,
    };
    names.replaceChildren(
      ...placeNames(found, size, room, current).map(({ head, left, top }) => {
        const name = el('span', { class: 'constellation__name' }, texts[head]);
        name.style.translate = `${left}px ${top}px`;
        return name;
      }),
    );
    show(shown);
  }

  /** Ring a head and draw lines to those nearest to it. @param {number} head -1: none */
  function show(head) {
    shown = head;
    all().forEach((dot, i) => dot.classList.toggle('is-pointed', i === head));
    const nearest = map?.heads[head]?.nearest ?? [];
    lines.replaceChildren(
      ...nearest.map((one) =>
        lineTo(
          head,
          map?.heads.findIndex((other) => other.layer === one.layer && other.head === one.head) ??
            head,
        ),
      ),
    );
  }

  /** @param {number} from @param {number} to */
  function lineTo(from, to) {
    const line = document.createElementNS(SVG, 'line');
    for (const [name, value] of [
      ['x1', places?.x[from]],
      ['y1', places?.y[from]],
      ['x2', places?.x[to]],
      ['y2', places?.y[to]],
    ])
      line.setAttribute(String(name), String(value));
    return line;
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
    const head =
      event.detail === 0 ? all().indexOf(/** @type {HTMLElement} */ (event.target)) : headAt(event);
    if (head >= 0) open(head);
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const from = all().indexOf(/** @type {HTMLElement} */ (event.target));
    const to = places && from >= 0 ? headTowards(places, from, event.key) : null;
    if (to === null) return;
    event.preventDefault();
    setTabStop(to);
    all()[to].focus();
  }

  /** @param {number} head */
  function setTabStop(head) {
    all().forEach((dot, i) => {
      dot.tabIndex = i === head ? 0 : -1;
    });
  }

  return {
    plot,
    show,
    /** Where the heads lie now. */
    places: () => places,
    /**
     * @param {HeadsMap} next
     * @param {readonly DotLook[]} looks of every head
     * @param {number} open the head that is open, or -1
     */
    draw(next, looks, open) {
      const isOther = next !== map;
      map = next;
      if (isOther) {
        dots.replaceChildren(
          ...next.heads.map((_, i) =>
            el('button', {
              class: 'constellation__dot',
              type: 'button',
              onFocus: () => point(i),
              onBlur: () => point(-1),
            }),
          ),
        );
        dots.classList.toggle('is-many', next.heads.length > MANY);
      }
      looks.forEach(({ color, isOutside, words }, i) => {
        const dot = all()[i];
        dot.style.backgroundColor = color ?? '';
        dot.classList.toggle('is-undefined', color === null);
        dot.classList.toggle('is-outside', isOutside);
        setAttribute(dot, 'aria-label', words);
        setAttribute(dot, 'aria-current', i === open ? 'true' : null);
      });
      if (isOther || open !== current) {
        current = open;
        setTabStop(Math.max(0, open));
        arrange();
      }
    },
    /** Give the open head the focus, or the first. */
    focus: () =>
      all()
        .find((dot) => dot.tabIndex === 0)
        ?.focus(),
    destroy: () => {
      cleanup.run();
      plot.remove();
    },
  };
}
