/** Attention links between the patches of an image: selection and drawing. */

/** @import { Kind } from '../types.js' */

/** @typedef {{query: number, key: number, weight: number}} Link */
/** @typedef {{n: number, pattern: Float32Array}} Weights */
/** @typedef {{kind: Kind, position: number}} Place */
/** @typedef {{x: number, y: number}} Spot In CSS pixels. */

/** Minimum weight of a strongest link to be drawn. */
export const MIN_STRONGEST = 0.05;
/** Minimum weight of the links of a single patch to be drawn. */
export const MIN_ALONE = 0.01;
/** Maximum number of links; the strongest are drawn. */
export const MAX_LINKS = 4000;
/** Opacity of the links of other tokens, relative to those of the source. */
const FAINT = 0.25;
/** Weights written on patches: how many, and least width of a patch, CSS pixels. */
const N_WRITTEN = 5;
const ROOM_PX = 28;
export const NUMBER_PX = 12;

/**
 * The strongest key of every query, or the strongest query of every key, from a minimum weight.
 *
 * @param {Weights} weights
 * @param {Kind} kind which kind has one link each
 * @param {number} [minWeight]
 * @returns {Link[]}
 */
export function strongestOfEach({ n, pattern }, kind, minWeight = MIN_STRONGEST) {
  /** @type {Link[]} */
  const links = [];
  for (let one = 0; one < n; one++) {
    let best = -1;
    let weight = -1;
    for (let other = 0; other < n; other++) {
      const found = kind === 'query' ? pattern[one * n + other] : pattern[other * n + one];
      if (found > weight) [best, weight] = [other, found];
    }
    if (weight >= minWeight)
      links.push(
        kind === 'query' ? { query: one, key: best, weight } : { query: best, key: one, weight },
      );
  }
  return links;
}

/**
 * All links from a minimum weight, optionally of one query or key only.
 *
 * @param {Weights} weights
 * @param {number} minWeight
 * @param {Place | null} [alone]
 * @returns {Link[]} the weakest first, so that the strongest are drawn over them
 */
export function linksFrom({ n, pattern }, minWeight, alone = null) {
  /** @type {Link[]} */
  const links = [];
  const [firstQuery, endQuery] =
    alone?.kind === 'query' ? [alone.position, alone.position + 1] : [0, n];
  const [firstKey, endKey] = alone?.kind === 'key' ? [alone.position, alone.position + 1] : [0, n];
  for (let query = firstQuery; query < endQuery; query++) {
    for (let key = firstKey; key < endKey; key++) {
      const weight = pattern[query * n + key];
      if (weight > 0 && weight >= minWeight) links.push({ query, key, weight });
    }
  }
  return links.sort((a, b) => a.weight - b.weight);
}

/**
 * The links to draw: those of the source from `MIN_ALONE` on, last, so that they lie on top, and
 * those of the others.
 *
 * @param {Weights} weights
 * @param {Place} source the token whose links stand out
 * @param {number | null} minWeight of all links; null: the strongest of each token of the source's
 *   kind
 * @returns {{own: Link[], others: Link[], nAll: number}} `nAll` counts the links from `minWeight`
 *   on, also those that are not drawn
 */
export function drawnLinks(weights, source, minWeight) {
  const all =
    minWeight === null ? strongestOfEach(weights, source.kind) : linksFrom(weights, minWeight);
  const own = linksFrom(weights, minWeight ?? MIN_ALONE, source);
  const others = all.filter((link) => link[source.kind] !== source.position);
  return { own, others: others.slice(-MAX_LINKS), nAll: all.length };
}

/**
 * The weights that are written on patches: the strongest of one token.
 *
 * @param {Weights} weights
 * @param {Place} source
 * @param {number} patch side of a patch, pixels; none where it has no room
 * @returns {{position: number, words: string}[]}
 */
export function writtenWeights(weights, source, patch) {
  if (patch < ROOM_PX) return [];
  const other = source.kind === 'query' ? 'key' : 'query';
  return linksFrom(weights, MIN_ALONE, source)
    .slice(-N_WRITTEN)
    .map((link) => ({ position: link[other], words: link.weight.toFixed(2) }));
}

/**
 * Draw links: an arrow from query to key, a circle for a self link, a square for a link to the
 * class token.
 *
 * @param {CanvasRenderingContext2D} pen in CSS pixels
 * @param {readonly Link[]} links
 * @param {object} image
 * @param {(position: number) => Spot} image.spotOf
 * @param {number} image.classPosition -1 where there is no class token
 * @param {number} image.patch side of a patch
 * @param {boolean} image.isByWeight width and opacity by weight
 * @param {boolean} image.isFaint whether they are those of others than the source
 */
export function paintLinks(pen, links, { spotOf, classPosition, patch, isByWeight, isFaint }) {
  const mark = markOf(patch);
  // Light lines with a dark edge can be seen over any image.
  for (const [color, extra] of /** @type {const} */ ([
    ['rgb(0 0 0)', 2],
    ['rgb(255 255 255)', 0],
  ])) {
    pen.strokeStyle = color;
    pen.fillStyle = color;
    for (const { query, key, weight } of links) {
      const { opacity, width, head } = linkStyle(weight, isByWeight, extra, mark, isFaint);
      pen.globalAlpha = opacity;
      pen.lineWidth = width;
      const from = spotOf(query);
      if (query === key) paintCircle(pen, from, mark);
      else if (key === classPosition)
        pen.strokeRect(from.x - mark, from.y - mark, 2 * mark, 2 * mark);
      else paintArrow(pen, from, shortOf(from, spotOf(key), mark), head);
    }
  }
  pen.globalAlpha = 1;
}

/**
 * Write weights in the middle of their patches.
 *
 * @param {CanvasRenderingContext2D} pen in CSS pixels
 * @param {ReturnType<typeof writtenWeights>} weights
 * @param {(position: number) => Spot} spotOf
 */
export function paintWeights(pen, weights, spotOf) {
  pen.font = `600 ${NUMBER_PX}px ${getComputedStyle(pen.canvas).fontFamily}`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  pen.lineWidth = 3;
  pen.strokeStyle = 'rgb(0 0 0 / 80%)';
  pen.fillStyle = 'rgb(255 255 255)';
  for (const { position, words } of weights) {
    const { x, y } = spotOf(position);
    pen.strokeText(words, x, y);
    pen.fillText(words, x, y);
  }
}

/** Half the size of circles and squares, in pixels. @param {number} patch side of a patch */
export function markOf(patch) {
  return Math.max(2, Math.min(9, patch * 0.26));
}

/**
 * Style of a link, or of the dark outline under it.
 *
 * @param {number} weight
 * @param {boolean} isByWeight
 * @param {number} extra width of the outline; 0 for the link itself
 * @param {number} mark
 * @param {boolean} [isFaint]
 */
export function linkStyle(weight, isByWeight, extra, mark, isFaint = false) {
  const strength = isByWeight ? 0.15 + 0.85 * Math.sqrt(Math.min(1, weight)) : 0.85;
  return {
    opacity: strength * (extra ? 0.6 : 1) * (isFaint ? FAINT : 1),
    width: (isByWeight ? 0.75 + 4.5 * weight : 1.5) + extra,
    head: mark * (isByWeight ? 0.4 + weight : 0.7) + extra / 2,
  };
}

/**
 * The point at distance `gap` before `to`, so that arrows that end at one patch do not overlap.
 *
 * @param {Spot} from
 * @param {Spot} to
 * @param {number} gap
 * @returns {Spot}
 */
export function shortOf(from, to, gap) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = length > 2 * gap ? 1 - gap / length : 0.5;
  return { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
}

/** @param {CanvasRenderingContext2D} pen @param {Spot} at @param {number} radius */
function paintCircle(pen, { x, y }, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Spot} from
 * @param {Spot} to
 * @param {number} size of its head
 */
function paintArrow(pen, from, to, size) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const head = size * 0.8;
  /** @param {number} turn */
  const corner = (turn) =>
    /** @type {const} */ ([
      to.x - 1.5 * head * Math.cos(angle + turn),
      to.y - 1.5 * head * Math.sin(angle + turn),
    ]);
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x - head * Math.cos(angle), to.y - head * Math.sin(angle));
  pen.stroke();
  pen.beginPath();
  pen.moveTo(to.x, to.y);
  pen.lineTo(...corner(0.45));
  pen.lineTo(...corner(-0.45));
  pen.fill();
}
