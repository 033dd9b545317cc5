/** A row of buttons with words; those that do not fit are in a menu at its end. */

import { el, icon, ICONS } from './dom.js';
import { createPopover } from './popover.js';

/**
 * @param {object} options
 * @param {() => number} options.room for the row, CSS pixels
 * @param {readonly HTMLElement[]} options.leaving tools in the order in which they leave the row;
 *   others stay
 */
export function createToolRow({ room, leaving }) {
  const more = el(
    'button',
    { class: 'button tool-row__more', type: 'button', title: 'More tools' },
    el('span', {}, 'More'),
    icon(ICONS.chevron),
  );
  const { element: menu, close } = createPopover(more, { class: 'tool-row__menu', role: 'group' });
  menu.setAttribute('aria-label', 'More tools');
  menu.addEventListener('click', ({ target }) => {
    // A tool that opens its own sheet keeps the menu.
    if (tools.includes(/** @type {any} */ (target instanceof Element && target.closest('button'))))
      close();
  });
  const element = el('div', { class: 'tool-row' }, more, menu);
  /** @type {readonly HTMLElement[]} */
  let tools = [];
  let arranged = '';

  /** Put every tool that fits into the row, the rest into the menu. */
  function place() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    more.before(...tools);
    more.hidden = false;
    const gap = Number.parseFloat(getComputedStyle(element).columnGap) || 0;
    const widths = new Map(tools.map((tool) => [tool, tool.hidden ? 0 : tool.offsetWidth + gap]));
    const all = [...widths.values()].reduce((sum, width) => sum + width, 0) - gap;
    const free = room();
    const out = new Set();
    let needed = all + gap + more.offsetWidth;
    for (const tool of all <= free ? [] : leaving) {
      if (needed <= free) break;
      if (!widths.get(tool)) continue;
      out.add(tool);
      needed -= widths.get(tool) ?? 0;
    }
    more.hidden = out.size === 0;
    if (more.hidden) close();
    menu.append(...tools.filter((tool) => out.has(tool)));
    if (focused?.checkVisibility()) focused.focus({ preventScroll: true });
  }

  /** @param {string} key */
  function stateOf(key) {
    tools = tools.filter((tool) => element.contains(tool)); // some may have been moved elsewhere
    return [key, ...tools.map(({ hidden }) => hidden)].join(' ');
  }

  return {
    element,
    /** @param {readonly HTMLElement[]} next */
    set(next) {
      tools = next;
      arranged = '';
      more.before(...tools);
    },
    /** Whether some tools are in the menu. */
    get isFull() {
      return !more.hidden;
    },
    /**
     * Whether the tools are arranged for this already.
     *
     * @param {string} key stands for the width of the row and what is beside it
     */
    isArranged: (key) => stateOf(key) === arranged,
    /** Arrange the tools anew. @param {string} key */
    arrange(key) {
      arranged = stateOf(key);
      place();
    },
  };
}

/**
 * Focus a tool, or *More* while the tool is in its closed menu, so that the focus is not lost.
 *
 * @param {HTMLElement} tool
 */
export function focusTool(tool) {
  const more = tool.closest('.tool-row__menu')?.parentElement?.querySelector('.tool-row__more');
  const target = tool.checkVisibility() ? tool : more;
  if (target instanceof HTMLElement) target.focus();
}
