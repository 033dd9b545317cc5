/**
 * The frame of two panes: the line with their link and the page's tools, and the divider.
 */

import { createCleanup, el, remPx, setAttribute, setText } from '../ui/dom.js';

/** @import { Link } from '../data/token_links.js' */
/** @import { Stage } from './stage.js' */

/** In a narrower area the panes lie above each other, rem. */
const NARROW_REM = 40;
/** Least and most share of the first pane, and steps of the keys, in per cent. */
const LEAST = 20;
const MOST = 80;
const MIDDLE = 50;
/** @type {Record<string, (share: number) => number>} */
const KEYS = {
  ArrowLeft: (share) => share - 5,
  ArrowUp: (share) => share - 5,
  ArrowRight: (share) => share + 5,
  ArrowDown: (share) => share + 5,
  Home: () => LEAST,
  End: () => MOST,
  Enter: () => MIDDLE,
};

/**
 * @param {HTMLElement} root
 * @param {Stage} stage of the first pane
 */
export function createPaneFrame(root, { bar, element: first }) {
  const cleanup = createCleanup();
  const words = el('p', { class: 'panes__link', role: 'status' });
  const top = el('div', { class: 'panes__top soft' }, words, ...bar.pageTools);
  const divider = el('div', {
    class: 'divider',
    role: 'separator',
    tabindex: '0',
    'aria-label': 'Share of pane A',
    'aria-valuemin': String(LEAST),
    'aria-valuemax': String(MOST),
    title: 'Drag, or use the arrow keys, to give one pane more room; a double click halves it',
    onDblclick: () => show(MIDDLE),
  });
  root.prepend(top);
  first.after(divider);
  let isStacked = false;
  let share = MIDDLE;
  /** @type {number | null} */
  let pointerId = null;

  /** @param {number} next */
  function show(next) {
    share = Math.round(Math.min(MOST, Math.max(LEAST, next)));
    root.style.setProperty('--first', `${share}fr`);
    root.style.setProperty('--second', `${100 - share}fr`);
    setAttribute(divider, 'aria-valuenow', String(share));
  }

  cleanup.listen(divider, 'keydown', (/** @type {KeyboardEvent} */ event) => {
    const move = KEYS[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    show(move(share));
  });
  cleanup.listen(divider, 'pointerdown', (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    pointerId = event.pointerId;
    divider.setPointerCapture(event.pointerId);
  });
  cleanup.listen(divider, 'pointermove', (/** @type {PointerEvent} */ event) => {
    if (pointerId !== event.pointerId) return;
    const { left, top, width, height } = root.getBoundingClientRect();
    const start = first.getBoundingClientRect().top - top;
    show(
      100 *
        (isStacked
          ? (event.clientY - top - start) / (height - start)
          : (event.clientX - left) / width),
    );
  });
  for (const type of ['pointerup', 'pointercancel'])
    cleanup.listen(divider, type, () => {
      pointerId = null;
    });

  const observer = new ResizeObserver(() => {
    const rem = remPx();
    isStacked = root.clientWidth < NARROW_REM * rem;
    root.classList.toggle('is-stacked', isStacked);
    setAttribute(divider, 'aria-orientation', isStacked ? 'horizontal' : 'vertical');
  });
  observer.observe(root);
  show(MIDDLE);

  return {
    /** @param {Link | null} link */
    update(link) {
      setText(words, link ? `A and B: ${link.label}` : '');
      top.classList.toggle('panes__top--none', link?.kind === 'none');
    },
    destroy() {
      cleanup.run();
      observer.disconnect();
      root.classList.remove('is-stacked');
      for (const name of ['--first', '--second']) root.style.removeProperty(name);
      bar.gather();
      top.remove();
      divider.remove();
    },
  };
}
