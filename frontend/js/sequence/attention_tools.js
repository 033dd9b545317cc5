/**
 * What may be taken out of the attention, and what it is weighed by; the same for sentences and
 * images.
 */

import { el, setAttribute, setText } from '../ui/dom.js';
import { asBothKinds, specialGroups } from './special_tokens.js';

/** @import { Context, HiddenToken, Weight } from '../page.js' */
/** @import { Shown } from './panel.js' */
/** @import { TokenGroup } from './special_tokens.js' */

/** @type {readonly {value: Weight, label: string, help: string}[]} */
const WEIGHTS = [
  { value: 'none', label: 'nothing', help: '' },
  {
    value: 'value',
    label: '‖v‖ (value)',
    help:
      'Each weight times the length of the key’s value vector: how much of it is passed on. ' +
      'Rows sum to 1 again.',
  },
  {
    value: 'output',
    label: '‖v·W_O‖ (output)',
    help:
      'Each weight times the length of the key’s value after the output weights: how much ' +
      'reaches the next layer. Rows sum to 1 again.',
  },
];

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export function createAttentionTools(root, { actions }) {
  const chips = el('span', { class: 'tools__chips' });
  const hint = el('span', {
    class: 'tools__hint soft',
    title:
      'A patch that is hidden attends to nothing and is attended to by none; x hides the ' +
      'patch that has the focus',
  });
  const hide = el(
    'div',
    { class: 'tools__row', role: 'group', 'aria-label': 'Hide tokens' },
    el('span', { class: 'tools__label', 'aria-hidden': 'true' }, 'Hide'),
    chips,
  );
  const weight = el(
    'select',
    {
      class: 'select tools__weight',
      title: 'What the attention is multiplied with before its rows sum to 1 again',
      onChange: () => actions.choose({ weight: /** @type {Weight} */ (weight.value) }),
    },
    ...WEIGHTS.map(({ value, label }) => el('option', { value }, label)),
  );
  const reset = el(
    'button',
    {
      class: 'button tools__reset',
      type: 'button',
      title: 'Show every token and the attention as it is',
      onClick: actions.resetAttention,
    },
    'Reset',
  );
  const note = el('p', { class: 'field__note tools__note', role: 'status' });
  const element = el(
    'div',
    { class: 'tools' },
    hide,
    el(
      'div',
      { class: 'tools__row' },
      el(
        'label',
        { class: 'tools__field' },
        el('span', { class: 'tools__label' }, 'Weigh by'),
        weight,
      ),
      reset,
    ),
    note,
  );
  root.append(element);
  /** @type {readonly TokenGroup[]} */
  let offered = [];
  let offeredFor = '';

  /** @param {TokenGroup} group */
  function makeChip({ label, help, positions }) {
    const chip = el(
      'button',
      {
        class: 'tools__chip',
        type: 'button',
        title: help,
        'aria-label': `Hide ${label}`,
        onClick: () =>
          actions.toggleTokens(
            asBothKinds(positions),
            chip.getAttribute('aria-pressed') !== 'true',
          ),
      },
      label,
    );
    return chip;
  }

  return {
    element,
    /** @param {Shown} shown */
    update({ state, tokens, start, n, isCausal }) {
      element.hidden = state.at === null;
      const key = `${state.dataset} ${start} ${isCausal}`;
      if (key !== offeredFor) {
        offeredFor = key;
        offered = specialGroups(tokens, start, n, isCausal);
        hint.hidden = tokens.row === null;
        setText(
          hint,
          offered.length > 0 ? 'or Shift-click a patch' : 'Shift-click a patch, or press x on it',
        );
        chips.replaceChildren(...offered.map(makeChip), hint);
        hide.hidden = offered.length === 0 && hint.hidden;
      }
      [...chips.querySelectorAll('.tools__chip')].forEach((chip, i) =>
        setAttribute(chip, 'aria-pressed', String(areHidden(state.hidden, offered[i].positions))),
      );
      weight.value = state.weight;
      reset.disabled = state.weight === 'none' && state.hidden.length === 0;
      setText(note, formatNote(state.weight, state.hidden.length));
      note.hidden = note.textContent === '';
    },
    destroy: () => element.remove(),
  };
}

/**
 * @param {readonly HiddenToken[]} hidden
 * @param {readonly number[]} positions
 */
function areHidden(hidden, positions) {
  const names = new Set(hidden.map(({ kind, position }) => `${kind} ${position}`));
  return asBothKinds(positions).every(({ kind, position }) => names.has(`${kind} ${position}`));
}

/** @param {Weight} weight @param {number} nHidden */
function formatNote(weight, nHidden) {
  const help = WEIGHTS.find(({ value }) => value === weight)?.help ?? '';
  const hidden =
    nHidden === 0 ? '' : `${nHidden} hidden; the weight of hidden keys goes to the others.`;
  return [hidden, help].filter(Boolean).join(' ');
}
