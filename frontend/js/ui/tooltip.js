/** A tooltip beside the mouse or a head. */

import { createCleanup, el } from './dom.js';

const DISTANCE_PX = 14;

/** @param {HTMLElement} root the tooltip stays inside */
export function createTooltip(root) {
  const element = el('div', { class: 'tooltip', role: 'tooltip', hidden: true });
  root.append(element);
  const cleanup = createCleanup();
  const hide = () => {
    element.hidden = true;
  };
  // What it is about may be elsewhere then, or be dealt with.
  for (const type of ['pointerdown', 'wheel'])
    cleanup.listen(root, type, hide, { capture: true, passive: true });
  cleanup.listen(window, 'scroll', hide, { capture: true, passive: true });
  cleanup.listen(window, 'resize', hide);

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
    hide,
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createTooltip>} Tooltip */
