/** One short text for every control and key. */

import { closeOutside, dialogFoot } from '../ui/dialog.js';
import { el } from '../ui/dom.js';

/** @type {readonly [title: string, parts: readonly [string, string][]][]} */
const CONTROLS = [
  [
    'Above the map',
    [
      ['Dataset', 'a model with a corpus, by family; running builds say how far they are'],
      ['All datasets', 'every dataset with its model, corpus, size and date, to sort and to open'],
      [
        'New dataset',
        'where the server allows it: builds a dataset of a text, a table or images of yours, ' +
          'and says before what that takes',
      ],
      ['Sign out', 'ends the session, on a server that asks who one is'],
      [
        'Projection method',
        'how queries and keys are placed together; what nearness means then stands at the left',
      ],
      ['2-D, 3-D', 'flat maps, or maps in space'],
      ['Layer, Head, Go', 'opens a head by its numbers'],
      ['Neighbours', 'the head above, below, left or right, as far as the model goes'],
      ['Lasso', 'marks the points that are drawn around; bars say what they have in common'],
      [
        'Map of heads',
        'all heads as dots beside the grid or the open head: those that attend alike lie ' +
          'near each other; it has the tint of the grid and says how true that picture is',
      ],
      [
        'Undo, Redo',
        'take back what was selected, hidden, marked, filtered, searched or coloured, and ' +
          'take it up again; Back and Forward of the browser do the same with the places one ' +
          'was at',
      ],
      [
        'Save figure',
        'the map, the sentence or image, what stands below it, the means or the map of all ' +
          'heads, or the weight by offset, with its caption, as SVG or PNG; places of points ' +
          'and fidelity of heads as tables',
      ],
      [
        'Print (Ctrl+P)',
        'the map, the selected sentence or image, the caption and the address on one page, ' +
          'in light colours',
      ],
      [
        'Copy address',
        'the address of exactly this picture, with zoom, theme and palette; the line of the ' +
          'address leaves theme and palette to whoever reads it',
      ],
      [
        'Scores',
        'every head with every score: sort by a column, open a head by its row, save all of it',
      ],
      ['Reset zoom', 'shows everything again'],
      ['Fit all', 'shows all heads of a deep model at once, without titles if there is no room'],
      [
        'Compare',
        'opens a second pane with its own dataset, method, dimensions and head; what is ' +
          'pointed at or selected in one is so in the other: the same token, the same word of ' +
          'another model, the same place of an image',
      ],
      ['Panels', 'the buttons at both ends fold the controls and the sentence or image'],
    ],
  ],
  [
    'At the left',
    [
      [
        'Browse sentences',
        'all sentences or images in a table, with their repeats, columns, and how sparse and ' +
          'even their attention is in the open head or in all; a click opens one',
      ],
      [
        'Your own',
        'where the server runs models: a sentence that is typed, or an image that is chosen, ' +
          'dropped on the map or pasted, runs through the model of the dataset and stands in ' +
          'every map, larger and with a ring; its tokens can be edited one by one; nothing of ' +
          'it is stored, and all of it is gone when the page is closed',
      ],
      [
        'Search',
        'tokens in all heads at once: whole, by their beginning, by a part, or by an ' +
          'expression such as ^un.*ed$; of a word or character that has several tokens, all ' +
          'are found, but for expressions, which look at single tokens; a comma separates ' +
          'several, words in double quotes keep theirs',
      ],
      [
        'Mark hits',
        'marks what the search finds, as queries and as keys, to be counted and saved like ' +
          'what is drawn around',
      ],
      [
        'Colour',
        'what the colour of a point tells; queries and keys always differ in tone and in shape',
      ],
      [
        'Attention lines',
        'from each query of the selection to its strongest keys: how many, from which weight ' +
          'on, or those of the selected point alone',
      ],
      [
        'Labels',
        'words beside the points, more of them on zooming in; 你 1⁄3 is the first of the ' +
          'three bytes of 你, which are tokens of their own: its label stands for all of them',
      ],
      ['Dot size, Opacity', 'a double click on any slider sets it back'],
      ['Size by norm', 'long vectors get large points'],
      [
        'Fit all points',
        'flat maps fit all points; without it a few far ones may lie outside, marked at the ' +
          'border, so that the others have room',
      ],
      ['Palette', 'Safe: blue and orange; Classic: green and pink, as in the original'],
      [
        'Filters',
        'draw only a kind, a part of the positions or norms, or what attends to the selected point',
      ],
      [
        'Pairs',
        'which heads connect two tokens: pairs wished strong or weak, and all heads ranked ' +
          'by how well they fit, with place and weight of each pair',
      ],
      [
        'Heads like this one',
        'the heads whose attention is most like that of the open one, also those of other ' +
          'models on the same sentences; a click goes there, the small button (or b on a head ' +
          'of the list) opens it beside',
      ],
      [
        'Head scores',
        'with all heads: tint and sort them by a score, or let those outside of a range step ' +
          'back; in one head: its scores, its place among all, and its weight by offset',
      ],
      ['How true', 'three measures of how far the shown map may be trusted'],
    ],
  ],
  [
    'At the right',
    [
      [
        'Click, Space',
        'hides a token of the sentence, or shows it again; the others share its weight',
      ],
      ['Ring, Enter', 'selects a token of the sentence'],
      ['Mark the sentence', 'marks all its queries and keys, to be counted and saved'],
      ['Shift-click, x', 'hides a patch of the image, or shows it again'],
      [
        'Weigh by',
        'multiplies each key with the length of its value, alone or through the output ' +
          'weights; rows sum to 1 again',
      ],
      [
        'Mean',
        'over all sentences that are long enough, or all images: lines, squares, or by ' +
          'distance; “All heads” shows it for every head',
      ],
    ],
  ],
  [
    'In the map',
    [
      ['Wheel, pinch', 'zooms; far enough into a head opens it, and out of it leads back'],
      ['Wheel', 'scrolls a grid that is longer than the window; with Ctrl it zooms there'],
      ['Drag', 'moves; in a 3-D head it turns the map, and with Shift it moves'],
      ['Shift and drag', 'draws around points to mark them'],
      ['Click', 'opens a head; selects a point with its whole sentence or image'],
    ],
  ],
];

/** @type {readonly [string, string][]} */
const KEYS = [
  ['/', 'search in all heads'],
  ['+  -', 'wish the pair of the selected token and the one pointed at strong, or weak'],
  [
    'Esc',
    'clear the selection, then the marked points, then the search; then close the other pane',
  ],
  ['← ↑ ↓ →', 'neighbouring head; with Shift they turn a 3-D head'],
  [
    'n, p',
    'in a head: the next point and the one before, with its words; hits of the search alone, ' +
      'if there are any; Shift goes on by a sentence or image',
  ],
  ['Enter, Esc', 'selects the point that one has come to, or leaves it'],
  ['g', 'all heads'],
  ['f', 'all heads at once, or as large as they can be read'],
  ['Page Up, Page Down, Home, End', 'scroll a grid that is longer than the window'],
  ['h', 'table of all heads'],
  ['1 – 6', 'projection method; the last is the best map of each head'],
  ['d', '2-D or 3-D'],
  ['a', 'all datasets in a table'],
  ['t', 'all sentences or images in a table'],
  ['y', 'your own sentence or image, where the server runs models'],
  ['m', 'to the map of heads beside the grid; once more, or Esc there, folds it'],
  ['l', 'labels on or off'],
  ['Ctrl+Z', 'undo; with Shift, or Ctrl+Y, redo (Cmd on a Mac)'],
  ['c', 'a second pane beside this one, or this one alone'],
  ['b', 'on a head of “Heads like this one”: open it beside, in the other pane'],
  ['o', 'the other pane: header, keys and the sentence or image speak of it'],
  ['?', 'this help'],
];

/**
 * @param {HTMLElement} root
 * @param {{openAbout: () => void}} context
 */
export function createHelp(root, { openAbout }) {
  const dialog = el('dialog', {
    class: 'help',
    'aria-labelledby': 'help-title',
    onClick: closeOutside,
  });
  dialog.append(
    el(
      'div',
      { class: 'help__body' },
      el('h2', { class: 'help__title', id: 'help-title', tabindex: '-1', autofocus: true }, 'Help'),
      el('h3', {}, 'Keys'),
      el(
        'dl',
        { class: 'help__keys' },
        ...KEYS.flatMap(([keys, text]) => [el('dt', {}, el('kbd', {}, keys)), el('dd', {}, text)]),
      ),
      el(
        'p',
        { class: 'field__note' },
        'On keyboards of other scripts than Latin, letters work by their place.',
      ),
      ...CONTROLS.flatMap(([title, parts]) => [
        el('h3', {}, title),
        el(
          'dl',
          { class: 'help__controls' },
          ...parts.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, text)]),
        ),
      ]),
      dialogFoot({ label: 'About AttentionViz', open: openAbout }, 'Close'),
    ),
  );
  root.append(dialog);

  return {
    open() {
      if (!dialog.open) dialog.showModal();
    },
    destroy: () => dialog.remove(),
  };
}
