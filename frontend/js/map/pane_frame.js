/**
 * The frame of two panes: the line with their link and the page's tools, and the divider.
 */

import { el, remPx, setAttribute, setText } from '../ui/dom.js';
import { createSeparator } from '../ui/separator.js';

/** @import { State } from '../page.js' */
/** @import { Link } from '../data/token_links.js' */
/** @import { Stage } from './stage.js' */

/** In a narrower area the panes lie above each other, rem. */
const NARROW_REM = 40;
/** Least, most and first share of the first pane, per cent. */
const LEAST = 20;
const MOST = 80;
const MIDDLE = 50;
/**
 * @param {HTMLElement} root
 * @param {Stage} stage of the first pane
 * @param {() => void} openComparison
 */
export function createPaneFrame(root, { bar, element: first }, openComparison) {
  const words = el('p', { class: 'panes__link', role: 'status' });
  const compare = el(
    'button',
    {
      class: 'panes__compare',
      type: 'button',
      title: 'The attention of both panes side by side, or their difference',
      onClick: openComparison,
    },
    'Compare attention',
  );
  const top = el('div', { class: 'panes__top soft' }, words, compare, ...bar.pageTools);
  let isStacked = false;
  let share = MIDDLE;
  const divider = createSeparator({
    className: 'divider',
    label: 'Share of pane A',
    title: 'Resize the panes',
    step: 5,
    limits: () => ({ least: LEAST, most: MOST }),
    value: () => share,
    valueAt({ clientX, clientY }) {
      const { left, top, width, height } = root.getBoundingClientRect();
      const start = first.getBoundingClientRect().top - top;
      return (
        100 * (isStacked ? (clientY - top - start) / (height - start) : (clientX - left) / width)
      );
    },
    onPick: show,
    onReset: () => show(MIDDLE),
  });
  root.prepend(top);
  first.after(divider.element);

  /** @param {number} next */
  function show(next) {
    share = Math.round(next);
    root.style.setProperty('--first', `${share}fr`);
    root.style.setProperty('--second', `${100 - share}fr`);
  }

  const observer = new ResizeObserver(() => {
    const rem = remPx();
    isStacked = root.clientWidth < NARROW_REM * rem;
    root.classList.toggle('is-stacked', isStacked);
    setAttribute(divider.element, 'aria-orientation', isStacked ? 'horizontal' : 'vertical');
  });
  observer.observe(root);
  show(MIDDLE);
  divider.update();

  return {
    /**
     * @param {Link | null} link
     * @param {State} state
     * @param {boolean} canCompare whether both panes have attention
     */
    update(link, state, canCompare) {
      compare.hidden = state.comparison !== 'off' || !canCompare;
      const without = canCompare ? '' : '; no attention to compare';
      setText(words, link ? `A and B: ${link.label}${without}` : '');
      top.classList.toggle('panes__top--none', link?.kind === 'none');
    },
    destroy() {
      observer.disconnect();
      root.classList.remove('is-stacked');
      for (const name of ['--first', '--second']) root.style.removeProperty(name);
      bar.gather();
      top.remove();
      divider.destroy();
    },
  };
}
