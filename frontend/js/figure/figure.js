/**
 * What can be saved of the page, and how: figures of the map, of a sentence or image, and of what
 * is told of heads.
 */

import { countHeads } from '../compute/model_heads.js';
import { download, fileNameOf } from '../ui/download.js';
import { formatMeasureValue } from '../data/head_measure_columns.js';
import { chosenMap, fidelityOf } from '../data/points.js';
import {
  isMisleading,
  formatMeasure,
  formatTitle,
  headFileName,
  sequenceWord,
} from '../ui/labels.js';
import { columnTitles, partOf, spansOf } from '../compute/head_parts.js';
import { count } from '../compute/number_text.js';
import { formatCaption, figureTitle, measureSentences } from './caption.js';
import { hasMeans } from '../data/mean_text.js';
import { hasVectors } from '../data/stored_vectors.js';
import { imageFigure } from './image_figure.js';
import { MM_PER_PX, readFigureStyle } from './figure_theme.js';
import { mapFigure } from './map_figure.js';
import { markKinds } from './map_marks.js';
import {
  allHeadsParts,
  belowParts,
  hasProfile,
  headsMapParts,
  profileParts,
  sequenceOf,
} from './summary_figures.js';
import { sentenceFigure } from './sentence_figure.js';
import { makeSheet, toPng, toSvg, withLegend } from './figure_page.js';
import {
  formatAttention,
  formatImage,
  pairSentences,
  formatSelected,
  formatShown,
} from './view_text.js';

/** @import { Legend } from '../color/color_modes.js' */
/** @import { Context, Manifest, State, Tokens } from '../page.js' */
/** @import { ShownTheme } from '../color/point_style.js' */
/** @import { HeadMapImage } from '../map/map_of_heads.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body, Drawing } from './map_figure.js' */
/** @import { MarkKind } from './map_marks.js' */

/** @typedef {'map' | 'sequence' | 'below' | 'all-heads' | 'heads' | 'profile'} Subject */
/**
 * @typedef {Pick<Context, 'api' | 'derived' | 'facts' | 'store'> & {drawing?: (style: FigureStyle)
 *   => Drawing | null, headMapImage?: (theme: ShownTheme) => HeadMapImage | null}} Source What lies
 *   outside of the map cannot draw it, and does without these.
 */
/**
 * What is known when a figure is made; `isPixels`: points are to be pixels.
 *
 * @typedef {{state: State, manifest: Manifest, tokens: Tokens, style: FigureStyle, isPixels:
 *   boolean}} Given
 */
/**
 * @typedef {object} Parts
 * @property {Body} body
 * @property {Legend | null} legend
 * @property {MarkKind[]} [marks] kinds of lines and rings
 * @property {string} colors what the colours of a map tell; '' for what is no map
 * @property {string[]} shown what else is to be said, in sentences
 * @property {string} name the end of the file's name
 * @property {string} [what] what it is, in the title
 * @property {boolean} [isOfAll] whether it is of all heads, though one is open
 */

/**
 * How a figure is laid out: `widthMm` on paper, null for as on screen; `hasMarkLegend`: whether its
 * legend has the kinds of its lines and rings; the caption has all parameters, or what is seen
 * alone; a draft has fewer pixels.
 *
 * @typedef {{hasFullCaption?: boolean, hasMarkLegend?: boolean, isDraft?: boolean, widthMm?: number
 *   | null}} Layout
 */

const DRAFT_SHARPNESS = 2;
/** A sentence of more tokens cannot be read on a page beside its map. */
const MAX_PRINTED = 100;

/**
 * @type {Record<Subject, {isThere: (source: Source, state: State, isText: boolean) => boolean,
 *   make: (given: Given, source: Source) => Parts | Promise<Parts>}>}
 */
const SUBJECTS = {
  map: {
    isThere: ({ drawing, facts }, { at }) =>
      drawing !== undefined && (at ? facts.headMap : facts.grid).value !== null,
    make: mapParts,
  },
  sequence: {
    isThere: ({ derived, facts }, state, isText) =>
      state.selected !== null &&
      (isText ? derived.attention(state) : weightsOf(state, derived, facts)) !== null,
    make: sequenceParts,
  },
  below: {
    isThere: ({ derived }, state, isText) =>
      isText &&
      state.selected !== null &&
      state.below !== 'none' &&
      derived.aggregate(state) !== null,
    make: belowParts,
  },
  'all-heads': {
    isThere: ({ facts: { description, tokens } }, { selected }, isText) =>
      isText &&
      selected !== null &&
      tokens.value !== null &&
      hasMeans(tokens.value) &&
      hasVectors({ description }),
    make: allHeadsParts,
  },
  heads: { isThere: ({ headMapImage }) => Boolean(headMapImage?.('light')), make: headsMapParts },
  profile: { isThere: ({ facts }, { at }) => hasProfile(facts, at), make: profileParts },
};

/**
 * Whether there is something to make a figure of.
 *
 * @param {Subject} subject
 * @param {Source} source
 */
export function isThere(subject, source) {
  const manifest = source.facts.description.value?.manifest;
  return Boolean(
    manifest &&
    source.facts.tokens.value &&
    SUBJECTS[subject].isThere(source, source.store.get(), manifest.patch_grid === null),
  );
}

/**
 * @param {Subject} subject
 * @param {'svg' | 'png'} format
 * @param {ShownTheme} theme
 * @param {Source} source
 * @param {Layout} [layout] of the page
 * @returns {Promise<{name: string, type: string, content: string | Blob, heightMm: number}>}
 *   `heightMm` is that of paper
 * @throws {Error} if there is nothing to see yet, or the figure is too large
 */
export async function makeFigure(subject, format, theme, source, layout = {}) {
  const manifest = source.facts.description.value?.manifest;
  const tokens = source.facts.tokens.value;
  if (!manifest || !tokens) throw new Error('There is nothing to save yet.');
  const { hasFullCaption = false, hasMarkLegend = true, widthMm = null } = layout;
  const onPage = readFigureStyle(theme, widthMm);
  const style = layout.isDraft ? { ...onPage, sharpness: DRAFT_SHARPNESS } : onPage;
  const heads = source.facts.heads.value;
  const seen = source.store.get();
  const parts = await SUBJECTS[subject].make(
    { state: seen, manifest, tokens, style, isPixels: format === 'png' },
    source,
  );
  const state = parts.isOfAll ? { ...seen, at: null } : seen;
  const sheet = makeSheet(
    {
      ...parts,
      hasFullCaption,
      marks: hasMarkLegend ? parts.marks : [],
      title: figureTitle(state, manifest, subject === 'map', heads, parts.what),
      caption: formatCaption({
        state,
        manifest,
        heads,
        colors: parts.colors,
        shown: parts.shown.join(' '),
      }),
    },
    style,
  );
  const name = fileNameOf(
    [
      manifest.id,
      subject === 'map' && chosenMap(state),
      state.at ? headFileName(state.at, manifest.layers) : 'all-heads',
      parts.name,
    ],
    format,
  );
  const heightMm = sheet.height * MM_PER_PX;
  return format === 'svg'
    ? { name, type: 'image/svg+xml', content: toSvg(sheet), heightMm }
    : { name, type: 'image/png', content: await toPng(sheet), heightMm };
}

/**
 * Make a figure and save it as a file.
 *
 * @param {Subject} subject
 * @param {'svg' | 'png'} format
 * @param {ShownTheme} theme
 * @param {Source & {notify: (text: string) => void}} source `notify` hears why there is no figure
 * @param {Layout} [layout]
 * @returns {Promise<boolean>} whether there is one
 */
export async function saveFigure(subject, format, theme, source, layout) {
  try {
    const { name, type, content } = await makeFigure(subject, format, theme, source, layout);
    download(content, name, type);
    return true;
  } catch (error) {
    source.notify(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/**
 * The kinds of lines and rings of a figure, which its legend may have.
 *
 * @param {Subject} subject
 * @param {ShownTheme} theme
 * @param {Source} source
 * @returns {MarkKind[]}
 */
export function marksOf(subject, theme, source) {
  const manifest = source.facts.description.value?.manifest;
  const isHead = subject === 'map' && source.store.get().at !== null;
  const drawing = isHead ? source.drawing?.(readFigureStyle(theme)) : null;
  return manifest && drawing ? markKinds(drawing, sequenceWord(manifest.model.modality)) : [];
}

/**
 * What is printed of a pane, at once, as browsers wait for nothing; null while nothing is drawn.
 *
 * @param {Source} source
 * @param {boolean} hasSequence whether there is room for the selected sentence or image
 */
export function printedPart(source, hasSequence) {
  const manifest = source.facts.description.value?.manifest;
  const tokens = source.facts.tokens.value;
  const style = readFigureStyle('light');
  if (!manifest || !tokens || !source.drawing?.(style)) return null;
  const [state, heads] = [source.store.get(), source.facts.heads.value];
  const given = { state, manifest, tokens, style, isPixels: false };
  const map = mapParts(given, source);
  const sequence = hasSequence ? printedSequence(given, source) : null;
  return {
    title: figureTitle(state, manifest, true, heads),
    figures: [map, ...(sequence ? [sequence] : [])].flatMap(({ body, legend, marks = [] }) =>
      body ? [withLegend(body, legend, marks, style)] : [],
    ),
    caption: formatCaption({
      state,
      manifest,
      heads,
      colors: map.colors,
      shown: [...new Set([...map.shown, ...(sequence?.shown ?? [])])].join(' '),
    }),
  };
}

/**
 * @param {Given} given
 * @param {Source} source
 * @returns {Pick<Parts, 'body' | 'legend' | 'marks' | 'shown'> | {body: null, legend: null, marks:
 *   [], shown: string[]} | null}
 */
function printedSequence(given, source) {
  const { manifest, state, tokens } = given;
  if (!state.selected || !isThere('sequence', source)) return null;
  const { sequence, n } = sequenceOf(tokens, state.selected);
  if (manifest.patch_grid === null)
    return n <= MAX_PRINTED
      ? sequencePartsWith(given, source, null)
      : {
          body: null,
          legend: null,
          marks: [],
          shown: [`The sentence has ${count(n)} tokens, too many for this page.`],
        };
  const image = new Image();
  // which the panel shows, so that it is there
  image.src = source.api.imageUrl(manifest.id, sequence);
  return image.complete && image.naturalWidth > 0 ? sequencePartsWith(given, source, image) : null;
}

/** @param {Given} given @param {Source} source @returns {Parts} */
function mapParts({ state, manifest, tokens, style, isPixels }, { derived, drawing, facts }) {
  const seen = drawing?.(style);
  if (!seen) throw new Error('The map is not drawn yet.');
  const name = chosenMap(state);
  const column = derived.heads().column(state.score ?? state.order, state);
  const within = derived.heads().within(state);
  const cells = state.at
    ? null
    : Array.from({ length: seen.frame.cells.n }, (_, cell) => {
        const at = { layer: Math.floor(cell / manifest.n_heads), head: cell % manifest.n_heads };
        const fidelity = seen.frame.ready[cell] ? fidelityOf(facts.heads.value, at, name) : null;
        const number = column
          ? formatMeasureValue(column.values[cell])
          : fidelity
            ? formatMeasure(fidelity.recall_at_10)
            : '';
        return {
          title: formatTitle(at, manifest.layers),
          number,
          isWarning: !column && isMisleading(fidelity),
          isOutside: within?.inside[cell] === 0,
        };
      });
  const body = mapFigure(seen, style, {
    cells,
    nHeads: manifest.n_heads,
    isPixels,
    isSorted: derived.heads().order(state) !== null,
  });
  const number = cells
    ? [...measureSentences(state, derived.heads(), body.hasWords), ...pairSentences(state, tokens)]
    : [];
  const inSight =
    cells && body.nHeads < countHeads(manifest)
      ? [`In sight: ${count(body.nHeads)} of ${count(countHeads(manifest))} heads.`]
      : [];
  const part =
    seen.frame.windows && state.dims === 2
      ? ['Maps fit the points that are not far; a few far ones lie outside.']
      : [];
  return {
    body,
    legend: seen.legend,
    marks: markKinds(seen, sequenceWord(manifest.model.modality)),
    colors: derived.mode(state)?.label.toLowerCase() ?? '',
    shown: [
      ...number,
      ...inSight,
      ...part,
      ...formatShown(state, tokens, manifest, derived),
      ...(seen.compared ? [seen.compared.words] : []),
    ],
    name: '',
  };
}

/**
 * The pattern that the panel shows of an image.
 *
 * @param {State} state
 * @param {Context['derived']} derived
 * @param {Context['facts']} facts
 */
function weightsOf(state, derived, facts) {
  const isMean = state.isImageMean && facts.tokens.value && hasMeans(facts.tokens.value);
  return isMean ? derived.aggregate(state) : derived.attention(state);
}

/** @param {Given} given @param {Source} source @returns {Promise<Parts>} */
async function sequenceParts(given, source) {
  const { manifest, state, tokens } = given;
  if (!state.selected) throw new Error('The attention is not there yet.');
  const { sequence } = sequenceOf(tokens, state.selected);
  return sequencePartsWith(
    given,
    source,
    manifest.patch_grid && (await loaded(source.api.imageUrl(manifest.id, sequence))),
  );
}

/**
 * @param {Given} given
 * @param {Pick<Source, 'derived' | 'facts'>} source
 * @param {HTMLImageElement | null} image of a sequence that is one
 * @returns {Parts}
 */
function sequencePartsWith(given, { derived, facts }, image) {
  const { state, manifest, tokens, style } = given;
  const { selected } = state;
  const isImage = manifest.patch_grid !== null;
  const [weights, attention] = [
    isImage ? weightsOf(state, derived, facts) : null,
    derived.attention(state),
  ];
  if (!selected || !(isImage ? weights : attention))
    throw new Error('The attention is not there yet.');
  const { sequence, start, n } = sequenceOf(tokens, selected);
  const shown = [
    `Selected: ${formatSelected(state, tokens, manifest)}.`,
    ...formatAttention(state),
  ];
  const name = `${isImage ? 'image' : 'sentence'}-${sequence + 1}`;
  if (manifest.patch_grid && weights && image) {
    const body = imageFigure(
      { tokens, start, n, weights, selected, state, grid: manifest.patch_grid },
      image,
      style,
    );
    return {
      body,
      legend: null,
      colors: '',
      shown: [
        `Image: \u2068${tokens.sequences.text.at(sequence)}\u2069. ${formatImage(state)}`,
        ...shown,
      ],
      name,
    };
  }
  if (!attention) throw new Error('The attention is not there yet.');
  const body = sentenceFigure(
    {
      ...{ tokens, start, n, attention, selected, hidden: state.hidden },
      spans: spansIn(given),
      titles: columnTitles(state.at && partOf(manifest.layers, state.at.layer)),
    },
    style,
  );
  return {
    body,
    legend: null,
    colors: '',
    shown: [
      'Lines: weights from 0.01 on, the darker the larger. Thick lines, numbers and shades are ' +
        'those of the selected token.',
      ...shown,
    ],
    name,
  };
}

/** The positions of queries and keys of the open head. @param {Given} given */
function spansIn({ state: { at, selected }, manifest, tokens: { sequence, sequences } }) {
  const shown = sequence[selected?.token ?? 0];
  const n = sequences.length[shown];
  return spansOf(at && partOf(manifest.layers, at.layer), n, sequences.nSource?.[shown] ?? n);
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
