/** A tooltip beside the mouse or a head. */

import { el } from './dom.js';

const DISTANCE_PX = 14;

/** @param {HTMLElement} root the tooltip stays inside */
export function createTooltip(root) {
  const element = el('div', { class: 'tooltip', role: 'tooltip', hidden: true });
  root.append(element);

  /** @param {{x: number, y: number}} at in CSS pixels from the corner of the root */
  function place({ x, y }) {
    const { offsetWidth: width, offsetHeight: height } = element;
    const isLeft = x + DISTANCE_PX + width > root.clientWidth;
    const left = Math.max(4, isLeft ? x - DISTANCE_PX - width : x + DISTANCE_PX);
    const top = Math.max(4, Math.min(y + DISTANCE_PX, root.clientHeight - height - 4));
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  return {
    place,
    /**
     * @param {{x: number, y: number}} at
     * @param {(Node | string)[]} content
     */
    show(at, content) {
      element.replaceChildren(...content);
      element.hidden = false;
      place(at);
    },
    hide() {
      element.hidden = true;
    },
    destroy: () => element.remove(),
  };
}

/** @typedef {ReturnType<typeof createTooltip>} Tooltip */
