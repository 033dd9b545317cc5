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
  const hide = createHideTools(actions);
  const weight = el(
    'select',
    {
      class: 'select tools__weight',
      title: 'What the attention is multiplied with before its rows sum to 1 again',
      onChange: () => actions.choose({ weight: /** @type {Weight} */ (weight.value) }),
    },
    ...WEIGHTS.map(({ value, label }) => el('option', { value }, label)),
  );
  const field = el(
    'label',
    { class: 'tools__field' },
    el('span', { class: 'tools__label' }, 'Weigh by'),
    weight,
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
    hide.element,
    el('div', { class: 'tools__row' }, field, reset),
    note,
  );
  root.append(element);

  return {
    element,
    /** @param {Shown} shown */
    update(shown) {
      const { at, hidden, weight: chosen } = shown.state;
      element.hidden = at === null;
      hide.update(shown);
      weight.value = chosen;
      reset.disabled = chosen === 'none' && hidden.length === 0;
      setText(note, formatNote(chosen, hidden.length));
      note.hidden = note.textContent === '';
    },
    destroy: () => element.remove(),
  };
}

/** Buttons that hide groups of tokens. @param {Context['actions']} actions */
function createHideTools(actions) {
  const chips = el('span', { class: 'tools__chips' });
  const hint = el('span', {
    class: 'tools__hint soft',
    title:
      'A patch that is hidden attends to nothing and is attended to by none; x hides the ' +
      'patch that has the focus',
  });
  const element = el(
    'div',
    { class: 'tools__row', role: 'group', 'aria-label': 'Hide tokens' },
    el('span', { class: 'tools__label', 'aria-hidden': 'true' }, 'Hide'),
    chips,
  );
  /** @type {{positions: readonly number[], chip: HTMLElement}[]} */
  let offered = [];
  let offeredFor = '';

  /** @param {Shown} shown */
  function offer({ tokens, start, n, isCausal }) {
    offered = specialGroups(tokens, start, n, isCausal).map((group) => ({
      positions: group.positions,
      chip: makeChip(group, (isOn) => actions.toggleTokens(asBothKinds(group.positions), isOn)),
    }));
    const isImage = tokens.row !== null;
    hint.hidden = !isImage;
    setText(
      hint,
      offered.length > 0 ? 'or Shift-click a patch' : 'Shift-click a patch, or press x on it',
    );
    chips.replaceChildren(...offered.map(({ chip }) => chip), hint);
    element.hidden = offered.length === 0 && !isImage;
  }

  return {
    element,
    /** @param {Shown} shown */
    update(shown) {
      const { dataset, hidden } = shown.state;
      const key = `${dataset} ${shown.start} ${shown.isCausal}`;
      if (key !== offeredFor) offer(shown);
      offeredFor = key;
      for (const { positions, chip } of offered)
        setAttribute(chip, 'aria-pressed', String(areHidden(hidden, positions)));
    },
  };
}

/** @param {TokenGroup} group @param {(isHidden: boolean) => void} onPick */
function makeChip({ label, help }, onPick) {
  const chip = el(
    'button',
    {
      class: 'tools__chip',
      type: 'button',
      title: help,
      'aria-label': `Hide ${label}`,
      onClick: () => onPick(chip.getAttribute('aria-pressed') !== 'true'),
    },
    label,
  );
  return chip;
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
