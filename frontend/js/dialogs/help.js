/** Help: the examples, and tables of what to do and how. */

import { COMMANDS, keysText } from '../controls/commands.js';
import { closeOutside, dialogFoot } from '../ui/dialog.js';
import { el } from '../ui/dom.js';
import { makeCard } from './start_cards.js';

/** @import { Example } from '../data/examples.js' */

/** @type {readonly [title: string, rows: readonly [task: string, how: string][]][]} */
const TABLES = [
  [
    'Map',
    [
      ['Open a head', 'Click it, or zoom in'],
      ['Select a point and its sentence', 'Click it'],
      ['Zoom', 'Wheel or pinch; in a long grid Ctrl+wheel'],
      ['Scroll a long grid', 'Wheel'],
      ['Move', 'Drag; in a 3-D head Shift+drag'],
      ['Turn a 3-D head', 'Drag, or Shift+arrow keys'],
      ['Mark points', 'Shift+drag, or Lasso'],
      ['Show everything again', 'Reset zoom'],
    ],
  ],
  [
    'Heads',
    [
      ['Tint, sort or filter heads by a score', 'Head scores'],
      ['Rank heads by token pairs', 'Heads by pairs'],
      ['Find similar heads', 'Map of heads, or the list in an open head'],
      ['Compare heads, methods, datasets or models', 'Compare'],
      ['Keep the selection of a pane', 'The lock in its header'],
      ['See the attention of both panes, or their difference', 'Side by side, or A − B'],
      ['Check how far to trust a map', 'Map fidelity'],
    ],
  ],
  [
    'Points and sentences',
    [
      ['Colour points by position, norm, a column, …', 'Colour'],
      ['Show fewer points', 'Filters'],
      ['Mark search hits', 'Mark hits'],
      ['Select a token of the sentence', 'Click it, or Enter'],
      ['Compare two texts of your own, or an edit with its text', 'Compare, below the later one'],
      ['Hide or show a token or patch', 'Its eye, Alt-click, or x'],
      ['Weight attention by value norms', 'Weighting, in the panel'],
      ['See where the map misleads', 'Strongest and nearest'],
      ['Resize the panel or the mean', 'Drag its edge, or arrow keys'],
      ['Reset a slider', 'Double-click it'],
    ],
  ],
  [
    'Share',
    [
      ['Save a figure (SVG, PNG) or data (CSV)', 'Save figure'],
      ['Copy a link to this view', 'Copy address'],
      ['Print map, sentence and caption', keysText('Ctrl+P')],
      ['Build a dataset from your own text or images', 'New dataset'],
    ],
  ],
];

/**
 * @param {HTMLElement} root
 * @param {{openAbout: () => void, examples: () => {offered: () => readonly Example[], open:
 *   (example: Example) => void}}} context
 */
export function createHelp(root, { openAbout, examples }) {
  const cards = el('div', { class: 'start__cards' });
  const some = el('section', { class: 'help__examples' }, el('h3', {}, 'Examples'), cards);
  const dialog = el('dialog', {
    class: 'help',
    'aria-labelledby': 'help-title',
    onClick: closeOutside,
  });
  const close = () => dialog.close();
  dialog.append(
    el(
      'div',
      { class: 'help__body' },
      el('h2', { class: 'help__title', id: 'help-title', tabindex: '-1', autofocus: true }, 'Help'),
      some,
      el('h3', {}, 'Keys'),
      makeTable(COMMANDS.map(({ label, keys }) => [label, el('kbd', {}, keysText(keys))])),
      el('p', { class: 'field__note' }, 'On non-Latin keyboards, letters work by position.'),
      ...TABLES.flatMap(([title, rows]) => [el('h3', {}, title), makeTable(rows)]),
      dialogFoot({ label: 'About AttentionViz', open: openAbout }, 'Close'),
    ),
  );
  root.append(dialog);

  /** @param {Example} example */
  function openExample(example) {
    close();
    examples().open(example);
  }

  return {
    open() {
      if (dialog.open) return;
      const offered = examples().offered();
      some.hidden = offered.length === 0;
      cards.replaceChildren(...offered.map((example) => makeCard(example, openExample)));
      dialog.showModal();
    },
    destroy: () => dialog.remove(),
  };
}

/** @param {readonly (readonly [string, string | Node])[]} rows */
function makeTable(rows) {
  return el(
    'table',
    { class: 'help__table' },
    el(
      'tbody',
      {},
      ...rows.map(([task, how]) =>
        el('tr', {}, el('th', { scope: 'row' }, task), el('td', {}, how)),
      ),
    ),
  );
}
