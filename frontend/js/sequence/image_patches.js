/** The tokens of an image as buttons: patches in their grid, the others beside it. */

import { corpusText, el, setAttribute } from '../ui/dom.js';
import { keysOf } from '../ui/keys.js';
import { clipped, formatToken, formatTokenName, isOwnText } from '../ui/labels.js';

/** @import { PatchGrid, Tokens } from '../page.js' */
/** @import { Shown } from './panel.js' */

/** Characters of a word that are shown. */
const LONGEST = 40;

/**
 * @param {{pick: (token: number) => void, toggle: (position: number) => void, mark: (position:
 *   number, isStrong: boolean) => void, point: (token: number | null) => void}} on `toggle` hides a
 *   token or shows it again, `mark` wishes its pair with the selected one, `point` is told where
 *   the pointer or the focus is
 */
export function createImagePatches({ pick, toggle, mark, point }) {
  const [patches, prefix] = [
    ['image__patches', 'Patches'],
    ['image__prefix', 'Tokens that are no patch, in their order'],
  ].map(([name, label]) =>
    el('div', { class: name, role: 'group', 'aria-label': label, onKeydown: press }),
  );
  /** @type {{tokens: Tokens, start: number, buttons: HTMLButtonElement[]} | null} */
  let listed = null;
  let nColumns = 1;

  /** @param {Tokens} tokens @param {number} token @param {number} position in the image */
  function makeButton(tokens, token, position) {
    const isPatch = tokens.tokenType.at(token) === 'patch';
    return el(
      'button',
      {
        class: isPatch ? 'image__patch' : 'image__token',
        type: 'button',
        'data-position': String(position),
        title: isPatch ? null : 'Click selects it; Alt-click or x hides it, or shows it again',
        onClick: (/** @type {MouseEvent} */ event) =>
          event.altKey || event.shiftKey ? toggle(position) : pick(token),
        onPointerenter: () => point(token),
        onPointerleave: () => point(null),
        onFocus: () => point(token),
        onBlur: () => point(null),
      },
      ...(isPatch ? [] : [nameIn(tokens, token)]),
    );
  }

  /** Arrow keys move between patches, x hides, + and - mark a pair. @param {KeyboardEvent} event */
  function press(event) {
    const holder = event.target;
    if (!(holder instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -nColumns, ArrowDown: nColumns }[
      event.key
    ];
    const key = keysOf(event).find((meant) => ['x', '+', '-'].includes(meant));
    if (key === undefined && step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const position = Number(holder.dataset.position);
    if (key === 'x') return toggle(position);
    if (key !== undefined) return mark(position, key === '+');
    const all = [...(holder.parentElement?.children ?? [])];
    const next = all[all.indexOf(holder) + (step ?? 0)];
    if (next instanceof HTMLElement) next.focus();
  }

  return {
    patches,
    prefix,
    buttons: () => listed?.buttons ?? [],
    /** Width of a patch, CSS pixels. */
    patchPx: () => patches.clientWidth / nColumns,
    /**
     * Make the buttons of an image.
     *
     * @param {Shown} shown
     * @param {PatchGrid} patchGrid
     * @returns {boolean} whether it is another image than before
     */
    list({ tokens, start, n }, patchGrid) {
      if (listed?.tokens === tokens && listed.start === start) return false;
      const buttons = Array.from({ length: n }, (_, i) => makeButton(tokens, start + i, i));
      listed = { tokens, start, buttons };
      nColumns = patchGrid.n_columns;
      const isPatch = buttons.map((_, i) => tokens.tokenType.at(start + i) === 'patch');
      patches.style.gridTemplate = `repeat(${patchGrid.n_rows}, 1fr) / repeat(${nColumns}, 1fr)`;
      // A model may read patches in another order than row by row.
      const placeOf = (/** @type {number} */ i) =>
        Number(tokens.row?.[start + i]) * nColumns + Number(tokens.column?.[start + i]);
      const order = [...buttons.keys()].filter((i) => isPatch[i]);
      order.sort((a, b) => placeOf(a) - placeOf(b));
      patches.replaceChildren(...order.map((i) => buttons[i]));
      prefix.replaceChildren(...buttons.filter((_, i) => !isPatch[i]));
      prefix.classList.toggle('image__prefix--words', tokens.isMixed === true);
      prefix.hidden = prefix.childElementCount === 0;
      return true;
    },
    /**
     * Say of each token its weight, and whether it is selected or hidden.
     *
     * @param {Shown} shown
     * @param {Float32Array} weights
     */
    mark({ selected, start, state, tokens }, weights) {
      const hidden = new Set(state.hidden.map(({ position }) => position));
      listed?.buttons.forEach((button, i) => {
        const isChosen = i === selected.token - start;
        const words = `${formatToken(tokens, start + i)}, weight ${weights[i].toFixed(3)}`;
        button.tabIndex = isChosen || button.parentElement === prefix ? 0 : -1;
        setAttribute(button, 'aria-pressed', String(isChosen));
        button.classList.toggle('image__chosen--query', isChosen && selected.kind === 'query');
        button.classList.toggle('image__chosen--key', isChosen && selected.kind === 'key');
        button.classList.toggle('is-hidden', hidden.has(i));
        setAttribute(button, 'aria-label', hidden.has(i) ? `${words}, hidden` : words);
      });
    },
  };
}

/** What stands in the button of a token. @param {Tokens} tokens @param {number} token */
function nameIn(tokens, token) {
  return isOwnText(tokens, token)
    ? corpusText(clipped(formatToken(tokens, token), LONGEST))
    : el('span', {}, formatTokenName(tokens, token));
}
