/**
 * Which points are drawn at all: by kind, type of token, position, norm, and attention with the
 * selected point.
 */

import { hasVectors } from '../data/stored_vectors.js';
import { el, setText } from '../ui/dom.js';
import { lastOnly } from '../compute/memo.js';
import { FLAG } from '../compute/flag_bits.js';
import { DEFAULTS } from '../state/choices.js';
import { count } from '../compute/number_text.js';
import { createSection } from '../ui/section.js';
import { createSegments } from '../ui/segments.js';
import { createRange, createSlider } from '../ui/sliders.js';

/** @import { Context, Filters, State, View } from '../page.js' */
/** @import { Frame } from '../types.js' */

/**
 * @param {HTMLElement} root
 * @param {Context & {frame: () => Frame | null}} context `frame` is what is drawn
 * @returns {View}
 */
export function createFilters(root, { actions, facts, frame }) {
  const section = createSection(root, {
    name: 'filters',
    title: 'Filters',
    help: 'Which points to draw',
  });
  const kind = createSegments(section.body, {
    legend: 'Kind of points',
    choices: [
      { value: 'all', label: 'All', title: 'Queries and keys' },
      { value: 'query', label: 'Queries', title: 'Only queries' },
      { value: 'key', label: 'Keys', title: 'Only keys' },
    ],
    onPick: (value) =>
      actions.setFilters({ kind: value === 'query' || value === 'key' ? value : null }),
  });
  const type = createSegments(section.body, {
    legend: 'Type of tokens',
    choices: [
      { value: 'all', label: 'Both', title: 'Patches and words' },
      { value: 'patch', label: 'Patches', title: 'Only patches of images' },
      { value: 'word', label: 'Words', title: 'Only words and special tokens' },
    ],
    onPick: (value) =>
      actions.setFilters({ type: value === 'patch' || value === 'word' ? value : null }),
  });
  const position = createRange(section.body, {
    label: 'Position',
    help: 'Position of a token in its sequence, from first (0 %) to last (100 %).',
    onPick: (range) => actions.setFilters({ position: range }),
  });
  const norm = createRange(section.body, {
    label: 'Norm',
    help: 'Length of the vectors, from the shortest (0 %) to the longest (100 %) of this head.',
    onPick: (range) => actions.setFilters({ norm: range }),
  });
  const attention = createSlider(section.body, {
    label: 'Attention',
    help: 'Minimum attention weight to or from the selected point.',
    scale: [0, 1, 0.01],
    standard: 0,
    onPick: (least) => actions.setFilters({ attention: least }),
    format: (value) => (value === 0 ? 'any' : `≥ ${value.toFixed(2)}`),
  });
  const status = el('span', { class: 'filters__count', role: 'status' });
  const clear = el(
    'button',
    {
      class: 'button button--small',
      type: 'button',
      title: 'Draw all points',
      onClick: actions.clearFilters,
    },
    'Clear filters',
  );
  const foot = el('p', { class: 'filters__foot' }, status, clear);
  section.element.after(foot); // it is seen while the section is folded
  const nShown = lastOnly(countShown);

  return {
    update(state) {
      const { at, selected, filters } = state;
      kind.update(filters.kind ?? 'all');
      type.element.hidden = !facts.tokens.value?.isMixed;
      type.update(filters.type ?? 'all');
      position.update(filters.position);
      norm.element.hidden = at === null;
      norm.update(filters.norm);
      attention.element.hidden = at === null || selected === null || !hasVectors(facts);
      attention.update(filters.attention);
      const n = nActive(state);
      section.setNote(n > 0 ? `${n} active` : '');
      foot.hidden = n === 0;
      const flags = frame()?.flags;
      setText(
        status,
        n > 0 && flags ? `${count(nShown(flags))} of ${count(flags.length)} points shown` : '',
      );
    },
    destroy() {
      foot.remove();
      section.destroy();
    },
  };
}

/** How many filters leave points out in what is shown. @param {State} state */
export function nActive({ at, selected, filters }) {
  return [
    filters.kind !== null,
    filters.type !== null,
    isNarrow('position', filters),
    at !== null && isNarrow('norm', filters),
    at !== null && selected !== null && filters.attention > 0,
  ].filter(Boolean).length;
}

/** @param {'position' | 'norm'} name @param {Filters} filters */
function isNarrow(name, filters) {
  const [low, high] = DEFAULTS.filters[name];
  return filters[name][0] > low || filters[name][1] < high;
}

/** @param {Uint8Array} flags */
function countShown(flags) {
  let n = 0;
  for (const flag of flags) if (!(flag & FLAG.hidden)) n++;
  return n;
}
