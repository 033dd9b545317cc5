/**
 * The header of one of two panes: its name, dataset, method and dimensions, and a button to close
 * it.
 */

import { createCleanup, el, ICONS, icon, setAttribute, setText } from '../ui/dom.js';
import { hasMap, offeredMethods } from '../data/best_map.js';
import { layersOf } from '../data/points.js';
import { formatHead } from '../ui/labels.js';
import { formatMap } from '../data/map_labels.js';
import { createDatasetChoice } from '../controls/dataset_choice.js';
import { createSegments } from '../ui/segments.js';
import { isLocked } from '../state/pane_state.js';

/** @import { Context, Manifest, State } from '../page.js' */
/** @import { Dims, Method } from '../types.js' */

const LOCK = 'M4 7h8v6H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2';
const UNLOCKED = 'M4 7h8v6H4zM5.5 7V4.5a2.5 2.5 0 0 1 4.8-1';

/**
 * @param {HTMLElement} stage of the pane
 * @param {Context} context
 * @param {{close: () => void, use: () => void}} calls `use` is called when the pane is pressed or
 *   has the focus
 */
export function createPaneHead(stage, context, { close, use }) {
  const { actions, facts } = context;
  const cleanup = createCleanup();
  const name = context.pane() ?? 'A';
  const badge = el('span', { class: 'pane__name', 'aria-hidden': 'true' }, name);
  const element = el('div', { class: 'pane__head' }, badge);
  const datasets = createDatasetChoice(element, context);
  const method = el('select', {
    class: 'select',
    onChange: () => actions.showMethod(/** @type {Method} */ (method.value)),
  });
  element.append(
    el(
      'label',
      { class: 'pane__method' },
      el('span', { class: 'visually-hidden' }, 'Projection method'),
      method,
    ),
  );
  const dims = createSegments(element, {
    legend: 'Dimensions',
    choices: [
      { value: '2', label: '2-D', title: 'Flat map (key d)' },
      { value: '3', label: '3-D', title: '3-D map; drag to rotate (key d)' },
    ],
    onPick: (value) => actions.showDims(value === '3' ? 3 : 2),
  });
  const lockWords = el('span', { class: 'visually-hidden' }, `Lock the selection of pane ${name}`);
  const lock = el(
    'button',
    {
      class: 'button button--quiet button--icon pane__lock',
      type: 'button',
      'aria-pressed': 'false',
      onClick: actions.toggleLock,
    },
    icon(LOCK),
    lockWords,
  );
  element.append(
    lock,
    el(
      'button',
      {
        class: 'button button--quiet button--icon',
        type: 'button',
        title: `Close pane ${name}`,
        onClick: close,
      },
      icon(ICONS.close),
      el('span', { class: 'visually-hidden' }, `Close pane ${name}`),
    ),
  );
  stage.prepend(element);
  cleanup.listen(stage, 'pointerdown', use, { capture: true });
  cleanup.listen(stage, 'focusin', use);
  let offered = '';

  /** @param {Manifest['maps']} maps that the dataset has */
  function offer(maps) {
    const methods = offeredMethods().map(({ name: value, label, help }) => ({
      value,
      label,
      help,
      isThere: hasMap(maps, value, 2) || hasMap(maps, value, 3),
    }));
    const key = JSON.stringify(methods);
    if (key === offered) return;
    offered = key;
    method.replaceChildren(
      ...methods.map(({ value, label, help, isThere }) =>
        el('option', { value, title: help, disabled: !isThere }, label),
      ),
    );
  }

  return {
    /**
     * @param {State} state as this pane has it
     * @param {boolean} isActive whether header, keys and panel speak of it
     */
    update(state, isActive) {
      const maps = facts.description.value?.manifest?.maps ?? {};
      datasets.update(state);
      offer(maps);
      method.value = state.method ?? '';
      dims.update(
        String(state.dims),
        (value) =>
          state.method !== null && hasMap(maps, state.method, /** @type {Dims} */ (Number(value))),
      );
      const isFixed = isLocked(state.locked, name);
      setAttribute(lock, 'aria-pressed', String(isFixed));
      setAttribute(lock.querySelector('path') ?? lock, 'd', isFixed ? LOCK : UNLOCKED);
      setAttribute(
        lock,
        'title',
        isFixed ? 'Follow the selection of the other pane' : 'Keep this selection',
      );
      stage.classList.toggle('is-active', isActive);
      setAttribute(stage, 'aria-current', isActive ? 'true' : null);
      const where = [
        state.dataset,
        state.at ? formatHead(state.at, layersOf(facts)) : 'all heads',
        state.method && formatMap(state.method, state.dims),
      ];
      setAttribute(stage, 'aria-label', `Pane ${name}: ${where.filter(Boolean).join(', ')}`);
      setText(badge, name);
    },
    destroy() {
      cleanup.run();
      for (const attribute of ['aria-label', 'aria-current']) stage.removeAttribute(attribute);
      stage.classList.remove('is-active');
      datasets.destroy();
      dims.destroy();
      element.remove();
    },
  };
}
