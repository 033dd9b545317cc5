/** The commands of the page with their keys, in one table: keyboard, help and command palette. */

/**
 * @typedef {object} Command
 * @property {string} name
 * @property {string} label imperative
 * @property {string} keys as shown
 * @property {string} press the key that runs it, as `keysOf` has it; '' for one that is handled
 *   elsewhere and listed only
 * @property {boolean} [isListedOnly] not offered by the command palette: it depends on the pointer
 *   or the focus
 */

/** @type {readonly Command[]} */
export const COMMANDS = Object.freeze([
  { name: 'openPalette', label: 'Go to a head, score, token, …', keys: 'Ctrl+K', press: '' },
  { name: 'focusSearch', label: 'Search tokens', keys: '/', press: '/' },
  { name: 'showGrid', label: 'Show all heads', keys: 'g', press: 'g' },
  {
    name: 'toggleFit',
    label: 'Fit all heads, or show them at a readable size',
    keys: 'f',
    press: 'f',
  },
  { name: 'openHeads', label: 'Open the table of heads', keys: 'h', press: 'h' },
  { name: 'toggleMapOfHeads', label: 'Show the map of heads', keys: 'm', press: 'm' },
  { name: 'openTable', label: 'Browse sentences or images', keys: 't', press: 't' },
  { name: 'openDatasets', label: 'Show all datasets', keys: 'a', press: 'a' },
  { name: 'openUserSequences', label: 'Run your own sentence or image', keys: 'y', press: 'y' },
  { name: 'toggleDims', label: 'Switch between 2-D and 3-D', keys: 'd', press: 'd' },
  { name: 'toggleLabels', label: 'Show or hide labels', keys: 'l', press: 'l' },
  { name: 'toggleBeside', label: 'Open or close a second pane', keys: 'c', press: 'c' },
  { name: 'switchPane', label: 'Switch to the other pane', keys: 'o', press: 'o' },
  { name: 'undo', label: 'Undo', keys: 'Ctrl+Z', press: '' },
  { name: 'redo', label: 'Redo', keys: 'Ctrl+Shift+Z', press: '' },
  {
    name: 'clear',
    label: 'Clear the selection, then marks, then the search',
    keys: 'Esc',
    press: '',
  },
  { name: 'openHelp', label: 'Show examples and all keys', keys: '?', press: '?' },
  ...[
    {
      name: 'method',
      label: 'Projection method; the last is the best map per head',
      keys: '1, 2, …',
    },
    { name: 'neighbour', label: 'Open the neighbouring head', keys: '← ↑ ↓ →' },
    { name: 'scroll', label: 'Scroll a long grid', keys: 'Page Up, Page Down' },
    { name: 'next', label: 'Next point or search hit', keys: 'n', press: 'n' },
    { name: 'previous', label: 'Previous point or search hit', keys: 'p', press: 'p' },
    { name: 'nextSequence', label: 'Next sentence or image', keys: 'Shift+N', press: 'N' },
    { name: 'previousSequence', label: 'Previous sentence or image', keys: 'Shift+P', press: 'P' },
    { name: 'choose', label: 'Select the current point', keys: 'Enter' },
    { name: 'attend', label: 'Pair with the hovered token: should attend', keys: '+', press: '+' },
    {
      name: 'ignore',
      label: 'Pair with the hovered token: should not attend',
      keys: '-',
      press: '-',
    },
    { name: 'beside', label: 'In a list of similar heads: open in the other pane', keys: 'b' },
  ].map((command) => ({ press: '', ...command, isListedOnly: true })),
]);

/** Keys as a Mac has them. */
const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '');

/** @param {string} keys as shown */
export function keysText(keys) {
  return isMac ? keys.replace('Ctrl+', '⌘').replace('Shift+', '⇧') : keys;
}
