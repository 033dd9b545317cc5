/**
 * Colours, flags and sprites of the drawn points, recomputed only if a choice or a fact that they
 * depend on changed.
 */

import { canvasPalette } from './palettes.js';
import { colorPoints, hasSharedScale } from './color_modes.js';
import { lastOnly } from '../compute/memo.js';
import { pointFlags, pointsOutside } from './point_flags.js';
import { rangeOf } from '../compute/ranges.js';

/** @import { ColorMode, Legend } from './color_modes.js' */
/** @import { Attention, Context, PaletteName, State, Tokens } from '../page.js' */

/** @typedef {'light' | 'dark'} ShownTheme */
/**
 * @typedef {{rgb: Uint8Array, side: number, nTokens: number, outline: number, fill?: number}}
 *   Sprites
 */
/**
 * @typedef {{colors: Uint32Array, flags: Uint8Array, sizes: Uint8Array | null, sprites: Sprites |
 *   null, isSprite: Uint8Array | null, legend: Legend, version: number}} Painting
 */

/** Side of a stored patch image, pixels. */
const PATCH_SIDE = 8;
const PATCH_OUTLINE_PX = 1.25;
/** Opacity of the query or key colour over patch images when points are coloured by kind. */
const PATCH_FILL = 0.45;

/** @param {Context} context */
export function createPainting(context) {
  const { derived, facts } = context;
  const colorOf = createColoring(context);
  const flagsOf = createFlagging(context);
  const withPatchImages = createPatchImages();
  const dotSizes = lastOnly(sizesByNorm);
  let version = 0;
  const number = lastOnly((/** @type {unknown[]} */ ..._parts) => ++version);

  return {
    /**
     * @param {State} state
     * @param {Int32Array | null} drawn
     * @param {number} nCells
     * @param {ShownTheme} theme
     * @returns {Painting | null} null until the tokens are loaded
     */
    of(state, drawn, nCells, theme) {
      const tokens = facts.tokens.value;
      const mode = derived.mode(state);
      if (!tokens || !mode) return null;
      const { colors, legend } = colorOf(state, mode, tokens, drawn, nCells, theme);
      const norms = state.at && derived.norms(state.at);
      const flags = flagsOf(state, tokens, drawn, norms);
      const sizes = state.isDotByNorm && norms ? dotSizes(norms) : null;
      const plain = { colors, flags, sizes, sprites: null, isSprite: null, legend };
      const patches = facts.patches.value;
      const shown =
        patches && hasPatchImages(mode.name, state)
          ? withPatchImages(plain, state, mode.name, tokens, drawn, patches, theme)
          : plain;
      const isGrid = state.at === null;
      return { ...shown, version: number(colors, flags, sizes, shown.sprites, isGrid) };
    },
  };
}

/**
 * Colours of points and their legend.
 *
 * @param {Pick<Context, 'derived' | 'facts'>} context
 */
function createColoring({ derived, facts }) {
  const color = lastOnly(colorsOf);
  const headOnly = lastOnly(headOnlyLegend);
  const legendWithUser = lastOnly(userLegend);
  const colorsWithoutUser = lastOnly(withoutUser);

  /**
   * @param {State} state
   * @param {ColorMode} mode
   * @param {Tokens} tokens
   * @param {Int32Array | null} drawn
   * @param {number} nCells
   * @param {ShownTheme} theme
   */
  return (state, mode, tokens, drawn, nCells, theme) => {
    const { isHeadOnly, isSearch, label, name, needs, perHead } = mode;
    const { palette } = state;
    const values = perHead ? headValues(mode, state) : null;
    const patches = facts.patches.value;
    const isPossible = needs.every((need) => (need === 'patches' ? patches : values) !== null);
    const known = isPossible ? name : 'type';
    const found = isSearch ? derived.hits(state) : null;
    const nColored = perHead ? nCells : 1;
    const painted = color(known, tokens, drawn, nColored, values, patches, theme, palette, found);
    const user = values instanceof Uint8Array ? tokens.userLayer : undefined;
    const colored = colorsWithoutUser(painted, user, nCells, theme, palette);
    // Modes that are only available in a head must not be dropped silently in the grid.
    const legend = isHeadOnly && !state.at ? headOnly(colored.legend, label) : colored.legend;
    return { colors: colored.colors, legend: legendWithUser(legend, tokens.userLayer) };
  };

  /**
   * Per-head values of a mode: of the open head, or of all heads if loaded.
   *
   * @param {ColorMode} mode
   * @param {State} state
   */
  function headValues(mode, { at }) {
    if (mode.needs.includes('scores')) return at && derived.scores(at);
    if (at) return derived.norms(at);
    if (mode.isHeadOnly) return null;
    return (hasSharedScale(mode.name) ? facts.gridSharedNorms : facts.gridNorms).value;
  }
}

/**
 * Flags of points: which are hidden, dimmed, found, marked or selected.
 *
 * @param {Pick<Context, 'derived' | 'facts' | 'marks'>} context
 */
function createFlagging({ derived, facts, marks }) {
  const flags = lastOnly(flagsOf);
  const outside = lastOnly(outsideOf);

  /**
   * @param {State} state
   * @param {Tokens} tokens
   * @param {Int32Array | null} drawn
   * @param {Float32Array | null} norms
   */
  return (state, tokens, drawn, norms) => {
    const { at, filters, selected } = state;
    const hits = derived.hits(state);
    const found = hits && hits.nHits > 0 ? hits.hits : null; // no dimming before a word is whole
    const left = outside(tokens, drawn, filters, norms, selected, derived.attention(state));
    // user tokens without a position in the shown map yet
    const unplaced = (at ? facts.headMap.value : facts.grid.value)?.unplaced;
    const points = at && derived.presentIn(at, drawn);
    return flags(tokens, drawn, found, selected, marks.shown(), left, unplaced, points);
  };
}

/**
 * Patch images in place of points. In a head they have an outline in the colour of their kind; in
 * the grid they are too small for one.
 */
function createPatchImages() {
  const sprites = lastOnly(spritesOf);
  const kindsOf = lastOnly(kindColors);
  const tinted = lastOnly(tintedLegend);
  const outlined = lastOnly(outlinedLegend);

  /**
   * @param {Omit<Painting, 'version'>} plain
   * @param {State} state
   * @param {string} name of the mode
   * @param {Tokens} tokens
   * @param {Int32Array | null} drawn
   * @param {Uint8Array} patches
   * @param {ShownTheme} theme
   */
  return (plain, state, name, tokens, drawn, patches, theme) => {
    const fill = name === 'type' ? PATCH_FILL : 0;
    const images = { ...plain, ...sprites(tokens, drawn, patches, fill) };
    if (name === 'type') return { ...images, legend: tinted(plain.legend) };
    if (!state.at) return images;
    const kinds = kindsOf(tokens, drawn, theme, state.palette);
    return { ...images, colors: kinds.colors, legend: outlined(plain.legend, kinds.legend) };
  };
}

/**
 * @param {Tokens} tokens
 * @param {Int32Array | null} drawn
 * @param {ShownTheme} theme
 * @param {PaletteName} palette
 */
function kindColors(tokens, drawn, theme, palette) {
  return colorsOf('type', tokens, drawn, 1, null, null, theme, palette);
}

/**
 * Whether patches are drawn as images: in the pixel mode, and in a head also under the colour of
 * their kind.
 *
 * @param {string} name
 * @param {State} state
 */
function hasPatchImages(name, { at }) {
  return name === 'patch' || (name === 'type' && at !== null);
}

/** @param {Legend} legend @param {string} label */
function headOnlyLegend(legend, label) {
  return {
    ...legend,
    note: `“${label}” needs an open head. Until then, colours show queries and keys.`,
  };
}

/** @param {Legend} legend */
function tintedLegend(legend) {
  return { ...legend, note: 'Patch images, tinted by kind.' };
}

/** @param {Legend} legend @param {Tokens['userLayer']} userLayer @returns {Legend} */
function userLegend(legend, userLayer) {
  if (!userLayer) return legend;
  const note =
    'Larger, ringed: your own ' +
    `(${userLayer.sequences.map(({ item }) => item.name.replace('your ', '')).join(', ')}).`;
  return { ...legend, note: [legend.note, note].filter(Boolean).join(' ') };
}

/** @param {Legend} pixels @param {Legend} kinds */
function outlinedLegend(pixels, kinds) {
  const entries = [kinds, pixels].flatMap((legend) =>
    legend.kind === 'swatches' ? legend.entries : [],
  );
  return {
    ...pixels,
    kind: /** @type {const} */ ('swatches'),
    entries,
    note: `${pixels.note} Outlines show queries and keys.`,
  };
}

/**
 * @param {string} name
 * @param {Tokens} tokens
 * @param {Int32Array | null} drawn
 * @param {number} nCells
 * @param {Uint8Array | Float32Array | null} values per head, if the mode has such
 * @param {Uint8Array | null} patches
 * @param {ShownTheme} theme
 * @param {PaletteName} palette
 * @param {import('./color_modes.js').Found | null} [found]
 */
function colorsOf(name, tokens, drawn, nCells, values, patches, theme, palette, found = null) {
  const scores = values instanceof Float32Array ? values : null;
  return colorPoints(name, {
    tokens,
    drawn,
    nCells,
    norms: values,
    scores,
    theme,
    palette,
    found,
    patches: patches && { rgb: patches, side: PATCH_SIDE },
  });
}

/**
 * @param {Tokens} tokens
 * @param {Int32Array | null} drawn
 * @param {Uint8Array | null} hits
 * @param {State['selected']} selected
 * @param {Uint8Array | null} marked
 * @param {Uint8Array | null} outside
 * @param {readonly number[] | undefined} unplaced
 * @param {Uint8Array | null} present
 */
function flagsOf(tokens, drawn, hits, selected, marked, outside, unplaced, present) {
  return pointFlags({
    tokens,
    drawn,
    hits,
    marked,
    outside,
    unplaced,
    present,
    selected: selected && selected.token < tokens.n ? selected : null,
  });
}

/**
 * @param {Tokens} tokens
 * @param {Int32Array | null} drawn
 * @param {State['filters']} filters
 * @param {Float32Array | null} norms
 * @param {State['selected']} selected
 * @param {Attention | null} attention
 */
function outsideOf(tokens, drawn, filters, norms, selected, attention) {
  return pointsOutside({ tokens, drawn, filters, norms, selected, attention });
}

/**
 * Point sizes by norm, from the shortest vector of the head to the longest, as in the original
 * AttentionViz: 0.15 + 0.5 · share, here relative to the largest.
 *
 * @param {Float32Array} norms (point)
 * @returns {Uint8Array} 255 = the plain size
 */
function sizesByNorm(norms) {
  const [min, max] = rangeOf(norms);
  const width = max > min ? max - min : 1;
  return Uint8Array.from(norms, (norm) =>
    Math.round((255 * (0.15 + (0.5 * (norm - min)) / width)) / 0.65),
  );
}

/**
 * Images of the drawn patches, in the order of the drawn tokens.
 *
 * @param {Tokens} tokens
 * @param {Int32Array | null} drawn
 * @param {Uint8Array} patches
 * @param {number} fill
 */
function spritesOf(tokens, drawn, patches, fill) {
  const nBytes = PATCH_SIDE * PATCH_SIDE * 3;
  const n = drawn ? drawn.length : tokens.n;
  const isAll = n === tokens.n;
  const rgb = isAll ? patches : new Uint8Array(n * nBytes);
  const isSprite = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const token = drawn ? drawn[i] : i;
    isSprite[i] = tokens.tokenType.at(token) === 'patch' ? 1 : 0;
    if (!isAll) rgb.set(patches.subarray(token * nBytes, (token + 1) * nBytes), i * nBytes);
  }
  return {
    sprites: { rgb, side: PATCH_SIDE, nTokens: n, outline: PATCH_OUTLINE_PX, fill },
    isSprite,
  };
}

/**
 * Remove the colour of the user's tokens: norms of the grid are scaled to the range of the corpus.
 *
 * @param {{colors: Uint32Array, legend: Legend}} painted
 * @param {Tokens['userLayer']} userLayer
 * @param {number} nCells
 * @param {ShownTheme} theme
 * @param {PaletteName} palette
 */
function withoutUser(painted, userLayer, nCells, theme, palette) {
  if (!userLayer) return painted;
  const colors = painted.colors.slice();
  const half = colors.length / nCells / 2;
  for (let end = half; end <= colors.length; end += half)
    colors.fill(canvasPalette(theme, palette).neutral, end - userLayer.n, end);
  return {
    colors,
    legend: {
      ...painted.legend,
      note: [painted.legend.note, 'Norms of your own tokens need an open head.']
        .filter(Boolean)
        .join(' '),
    },
  };
}

/** @param {ShownTheme} theme */
export function backgroundOf(theme) {
  return canvasPalette(theme).background;
}
