/**
 * What may be taken out of the attention, and what it is weighed by; the same for sentences and
 * images.
 */

import { count } from '../compute/number_text.js';
import { el, setAttribute, setText } from '../ui/dom.js';
import { asBothKinds, specialGroups } from './special_tokens.js';

/** @import { Context, HiddenToken, Weight } from '../page.js' */
/** @import { Shown } from './panel.js' */
/** @import { TokenGroup } from './special_tokens.js' */

/** @type {readonly {value: Weight, label: string, help: string}[]} */
const WEIGHTS = [
  { value: 'none', label: 'none', help: '' },
  {
    value: 'value',
    label: '‖v‖ (value)',
    help: 'Times ‖v‖ of the key; rows sum to 1 again.',
  },
  {
    value: 'output',
    label: '‖v·W_O‖ (output)',
    help: 'Times ‖v·W_O‖ of the key; rows sum to 1 again.',
  },
];
const WEIGHTING_HELP =
  'Multiplies each weight by the length of the key’s value vector (how much of it is passed on), ' +
  'or of that after the output weights (how much reaches the next layer); rows sum to 1 again';

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
      title: WEIGHTING_HELP,
      onChange: () => actions.choose({ weight: /** @type {Weight} */ (weight.value) }),
    },
    ...WEIGHTS.map(({ value, label }) => el('option', { value }, label)),
  );
  const field = el(
    'label',
    { class: 'tools__field' },
    el('span', { class: 'tools__label' }, 'Weighting'),
    weight,
  );
  const reset = el(
    'button',
    {
      class: 'button tools__reset',
      type: 'button',
      title: 'Show all tokens, without weighting',
      onClick: actions.resetAttention,
    },
    'Reset',
  );
  // Always there, so that nothing moves when a token is hidden.
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
      element.hidden = at === null || !shown.hasVectors;
      hide.update(shown);
      weight.value = chosen;
      reset.disabled = chosen === 'none' && hidden.length === 0;
      setText(note, formatNote(chosen, hidden.length, shown.tokens.row !== null));
      setAttribute(note, 'title', note.textContent);
    },
    destroy: () => element.remove(),
  };
}

/** Buttons that hide groups of tokens. @param {Context['actions']} actions */
function createHideTools(actions) {
  const chips = el('span', { class: 'tools__chips' });
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
  function offer({ tokens, start, n, isCausal, spans }) {
    offered = specialGroups(tokens, start, n, isCausal, spans.key[0]).map((group) => ({
      positions: group.positions,
      chip: makeChip(group, (isOn) => actions.toggleTokens(asBothKinds(group.positions), isOn)),
    }));
    chips.replaceChildren(...offered.map(({ chip }) => chip));
    element.hidden = offered.length === 0;
  }

  return {
    element,
    /** @param {Shown} shown */
    update(shown) {
      const { dataset, hidden } = shown.state;
      const key = `${dataset} ${shown.start} ${shown.isCausal} ${shown.spans.key[0]}`;
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

/** @param {Weight} weight @param {number} nHidden @param {boolean} isImage */
function formatNote(weight, nHidden, isImage) {
  const help = WEIGHTS.find(({ value }) => value === weight)?.help ?? '';
  const hidden = nHidden === 0 ? '' : `${count(nHidden)} hidden; other keys share their weight.`;
  const hint = isImage
    ? 'Hide a patch: Alt-click it, or press x.'
    : 'Hide a token: its eye, Alt-click, or x.';
  return [hidden, help].filter(Boolean).join(' ') || hint;
}
