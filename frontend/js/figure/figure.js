/** What can be saved of the page, and how: a figure of the map, of the sentence or of the image, and its name. */

import { fileNameOf } from '../download.js';
import { filteredBy } from '../head_scores.js';
import { PAIR_FIT } from '../scores.js';
import { LEAST_STRONGEST } from '../views/image_links.js';
import { pairLine } from '../views/pair_words.js';
import { scoreWords } from '../score_columns.js';
import { chosenMap, fidelityOf } from '../select.js';
import { count, counted, isMisleading, isOwnText, measureWords, sequenceWord, titleWords, tokenWords, visibleText } from '../words.js';
import { captionWords, figureTitle, scoreSentences } from './caption.js';
import { imageFigure } from './image_figure.js';
import { readLooks } from './looks.js';
import { mapFigure } from './map_figure.js';
import { sentenceFigure } from './sentence_figure.js';
import { makeSheet, toPng, toSvg } from './sheet.js';

/** @import { Context, Manifest, State, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../painting.js' */
/** @import { Drawing } from './map_figure.js' */

/** @typedef {'map' | 'sequence'} Subject */
/** @typedef {Pick<Context, 'api' | 'derived' | 'facts' | 'store'> & {drawing: (theme: ShownTheme) => Drawing | null}} Source */

/** Whether there is something to make a figure of. @param {Subject} subject @param {Source} source */
export function isThere(subject, { derived, facts, store }) {
  const state = store.get();
  if (!facts.description.value?.manifest || !facts.tokens.value) return false;
  if (subject === 'map') return (state.at ? facts.headMap : facts.grid).value !== null;
  const isImage = facts.description.value.manifest.patch_grid !== null;
  return state.selected !== null && (isImage ? weightsOf(state, derived) : derived.attention(state)) !== null;
}

/**
 * @param {Subject} subject
 * @param {'svg' | 'png'} format
 * @param {ShownTheme} theme
 * @param {Source} source
 * @returns {Promise<{name: string, type: string, content: string | Blob}>}
 * @throws {Error} if there is nothing to see yet, or the figure is too large
 */
export async function makeFigure(subject, format, theme, source) {
  const state = source.store.get();
  const manifest = source.facts.description.value?.manifest;
  const tokens = source.facts.tokens.value;
  if (!manifest || !tokens) throw new Error('There is nothing to save yet.');
  const looks = readLooks(theme);
  const heads = source.facts.heads.value;
  const parts = subject === 'map' ? mapParts(state, manifest, tokens, looks, format === 'png', source) : await sequenceParts(state, manifest, tokens, looks, source);
  const sheet = makeSheet({ ...parts, title: figureTitle(state, manifest, subject === 'map', heads), caption: captionWords({ state, manifest, heads, colors: parts.colors, shown: parts.shown }) }, looks);
  const name = fileNameOf([manifest.id, subject === 'map' && chosenMap(state), state.at ? `L${state.at.layer}-H${state.at.head}` : 'all-heads', parts.name], format);
  return format === 'svg' ? { name, type: 'image/svg+xml', content: toSvg(sheet) } : { name, type: 'image/png', content: await toPng(sheet) };
}

/** @param {State} state @param {Manifest} manifest @param {Tokens} tokens @param {ReturnType<typeof readLooks>} looks @param {boolean} isPixels @param {Source} source */
function mapParts(state, manifest, tokens, looks, isPixels, { derived, drawing, facts }) {
  const seen = drawing(looks.theme);
  if (!seen) throw new Error('The map is not drawn yet.');
  const name = chosenMap(state);
  const column = derived.heads().column(state.score ?? state.order, state);
  const within = derived.heads().within(state);
  const cells = state.at ? null : Array.from({ length: seen.frame.cells.n }, (_, cell) => {
    const at = { layer: Math.floor(cell / manifest.n_heads), head: cell % manifest.n_heads };
    const fidelity = seen.frame.ready[cell] ? fidelityOf(facts.heads.value, at, name) : null;
    const number = column ? scoreWords(column.values[cell]) : fidelity ? measureWords(fidelity.recall_at_10) : '';
    return { title: titleWords(at), number, isWarning: !column && isMisleading(fidelity), isOutside: within?.inside[cell] === 0 };
  });
  const body = mapFigure(seen, looks, { cells, nHeads: manifest.n_heads, isPixels, isSorted: state.order !== null });
  const number = cells ? [...scoreSentences(state, derived.heads()), ...pairSentences(state, tokens)] : [];
  const part = seen.frame.windows && state.dims === 2 ? ['Maps fit the points that are not far; a few far ones lie outside.'] : [];
  return { body, legend: seen.legend, colors: derived.mode(state)?.label.toLowerCase() ?? '', shown: [...number, ...part, ...shownWords(state, tokens, manifest, derived)].join(' '), name: '' };
}

/** The pairs, where heads are tinted, sorted or stepped back by their fit. @param {State} state @param {Tokens} tokens */
function pairSentences(state, tokens) {
  if (![state.score, state.order, filteredBy(state)].includes(PAIR_FIT) || state.pairs.some(({ query, key }) => Math.max(query, key) >= tokens.n)) return [];
  return [`Pairs: ${state.pairs.map((pair) => `\u2068${pairLine(tokens, pair)}\u2069`).join('; ')}.`];
}

/** What stands out or is left out, in sentences. @param {State} state @param {Tokens} tokens @param {Manifest} manifest @param {Context['derived']} derived */
function shownWords(state, tokens, manifest, derived) {
  const { camera, marked, search, selected } = state;
  const words = [];
  if (selected && selected.token < tokens.n) words.push(`Selected: ${selectedWords(state, tokens, manifest)}.`);
  if (selected && state.at && state.hasLines) words.push(`Lines: ${state.isLineAlone ? 'of the selected point, ' : ''}the ${counted(state.lineCount, 'strongest key', 'strongest keys')} of each query, from a weight of ${state.lineThreshold} on.`);
  if (search.trim() !== '') words.push(`Search: \u2068${search.trim()}\u2069, ${counted(derived.hits(state)?.nHits ?? 0, 'token')}.`);
  if (marked !== '') words.push('Marked points stand out.');
  return [...words, ...filterWords(state), ...attentionWords(state), ...(camera ? [`Zoom ${camera.zoom}.`] : [])];
}

/** What the filters leave. @param {State} state */
function filterWords({ at, filters: { kind, position, norm, attention }, selected }) {
  /** @param {readonly [number, number]} range */
  const between = ([low, high]) => `${Math.round(100 * low)}–${Math.round(100 * high)} %`;
  const words = [];
  if (kind !== null) words.push(kind === 'query' ? 'queries' : 'keys');
  if (position[0] > 0 || position[1] < 1) words.push(`positions ${between(position)}`);
  if (at && (norm[0] > 0 || norm[1] < 1)) words.push(`norms ${between(norm)} of the range`);
  if (at && selected && attention > 0) words.push(`attention with the selected point from ${attention} on`);
  return words.length > 0 ? [`Only: ${words.join(', ')}.`] : [];
}

/** @param {State} state */
function attentionWords({ hidden, weight }) {
  const by = { none: [], value: ['Attention weighed by ‖v‖.'], output: ['Attention weighed by ‖v·W_O‖.'] }[weight];
  return hidden.length > 0 ? [...by, `${counted(hidden.length, 'token')} hidden.`] : by;
}

/** @param {State} state @param {Tokens} tokens @param {Manifest} manifest */
function selectedWords({ selected }, tokens, { model }) {
  if (!selected) return '';
  const { kind, token } = selected;
  const words = isOwnText(tokens, token) ? `“\u2068${visibleText(tokens.text[token]).replaceAll(' ', '\u00a0')}\u2069”` : tokenWords(tokens, token);
  return `${kind} ${words} at position ${tokens.position[token] + 1} of ${sequenceWord(model.modality)} ${count(tokens.sequence[token] + 1)} of ${count(tokens.sequences.length.length)}`;
}

/** The pattern that the panel shows of an image. @param {State} state @param {Context['derived']} derived */
function weightsOf(state, derived) {
  return state.isImageMean ? derived.aggregate(state) : derived.attention(state);
}

/** @param {State} state @param {Manifest} manifest @param {Tokens} tokens @param {ReturnType<typeof readLooks>} looks @param {Source} source */
async function sequenceParts(state, manifest, tokens, looks, { api, derived }) {
  const { selected } = state;
  const isImage = manifest.patch_grid !== null;
  const [weights, attention] = [isImage ? weightsOf(state, derived) : null, derived.attention(state)];
  if (!selected || !(isImage ? weights : attention)) throw new Error('The attention is not there yet.');
  const sequence = tokens.sequence[selected.token];
  const [start, n] = [tokens.sequences.start[sequence], tokens.sequences.length[sequence]];
  const shown = [`Selected: ${selectedWords(state, tokens, manifest)}.`, ...attentionWords(state)];
  const name = `${isImage ? 'image' : 'sentence'}-${sequence + 1}`;
  if (manifest.patch_grid && weights) {
    const image = await loaded(api.imageUrl(manifest.id, sequence));
    const body = imageFigure({ tokens, start, n, weights, selected, state, grid: manifest.patch_grid }, image, looks);
    return { body, legend: null, colors: '', shown: [`Image: \u2068${tokens.sequences.text[sequence]}\u2069. ${imageWords(state)}`, ...shown].join(' '), name };
  }
  if (!attention) throw new Error('The attention is not there yet.');
  const body = sentenceFigure({ tokens, start, n, attention, selected, hidden: state.hidden }, looks);
  return { body, legend: null, colors: '', shown: ['Opacity of a line: weight of the attention, from 0.01 on; lines of other tokens are paler.', ...shown].join(' '), name };
}

/** @param {State} state */
function imageWords({ imageLinks, imageThreshold, isImageMean, selected }) {
  const mean = isImageMean ? ', mean over images' : '';
  const each = selected?.kind === 'query' ? 'the strongest key of every query' : 'the strongest query of every key';
  if (imageLinks === 'heat') return `Heat: ${selected?.kind === 'query' ? 'attention that the selected query pays to each key' : 'attention that the selected key receives from each query'}${mean}.`;
  return imageLinks === 'all' ? `Connections from a weight of ${imageThreshold} on${mean}.` : `Connections: ${each}, from a weight of ${LEAST_STRONGEST} on${mean}.`;
}

/** @param {string} url @returns {Promise<HTMLImageElement>} */
async function loaded(url) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch (error) {
    throw new Error('The image could not be loaded.', { cause: error });
  }
  return image;
}
