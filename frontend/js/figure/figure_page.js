/**
 * Puts a figure together: title, what it shows, legend and caption; as a drawing (SVG) or as pixels
 * (PNG).
 */

import { wrapped } from './caption.js';
import { legendMarkup } from './legend.js';
import { FONTS } from './figure_theme.js';
import { SHARPNESS } from './map_figure.js';
import { node, serialise } from './markup.js';
import { withChunks } from './png_chunks.js';

/** @import { Legend } from '../color/color_modes.js' */
/** @import { FigureStyle } from './figure_theme.js' */
/** @import { Body } from './map_figure.js' */
/** @import { Markup } from './markup.js' */

const MARGIN_PX = 24;
const TITLE_PX = 15;
const CAPTION_PX = 11;
const LINE_PX = 16;
const GAP_PX = 14;
/** Captions need some width, however narrow what they are of. */
const MIN_WIDTH_PX = 520;
/** Browsers have no larger canvas than this on each side. */
const MAX_PIXELS = 16_000;

/**
 * @typedef {{width: number, height: number, body: Body, x: number, y: number, text: Markup[],
 *   title: string, description: string, paper: string, widthMm: number | null}} Sheet `widthMm` is
 *   the printed width; null: a CSS pixel is a pixel
 */

/**
 * @param {object} parts
 * @param {Body} parts.body
 * @param {string} parts.title
 * @param {Legend | null} parts.legend
 * @param {string[]} parts.caption metadata of the file
 * @param {boolean} [parts.hasFullCaption] whether all of it is written below, not its first lines
 * @param {number | null} [parts.widthMm] width on paper
 * @param {FigureStyle} style
 * @returns {Sheet}
 */
export function makeSheet(
  { body, title, legend, caption, hasFullCaption = true, widthMm = null },
  style,
) {
  const inner = Math.max(body.width, MIN_WIDTH_PX);
  const titleLines = wrapped(title, inner, (text) => style.measure(text, TITLE_PX, 600));
  const bodyTop = MARGIN_PX + titleLines.length * (TITLE_PX + 4) + GAP_PX;
  const legendTop = bodyTop + body.height + GAP_PX;
  const key = legend ? legendMarkup(legend, inner, style) : { markup: [], height: -GAP_PX };
  const captionTop = legendTop + key.height + GAP_PX;
  const written = hasFullCaption ? caption : caption.slice(-2);
  const lines = written.flatMap((sentence) =>
    wrapped(sentence, inner, (text) => style.measure(text, CAPTION_PX)),
  );
  const text = [
    ...titleLines.map((line, i) =>
      node(
        'text',
        {
          class: 'title',
          x: MARGIN_PX,
          y: MARGIN_PX + TITLE_PX + i * (TITLE_PX + 4) - 2,
          'font-size': TITLE_PX,
          'font-weight': 600,
          fill: style.ink,
        },
        line,
      ),
    ),
    node(
      'g',
      { class: 'legend', transform: `translate(${MARGIN_PX} ${legendTop})` },
      ...key.markup,
    ),
    node(
      'g',
      { class: 'caption', 'font-size': CAPTION_PX, fill: style.soft },
      ...lines.map((line, i) =>
        node('text', { x: MARGIN_PX, y: captionTop + CAPTION_PX + i * LINE_PX }, line),
      ),
    ),
  ];
  return {
    width: inner + 2 * MARGIN_PX,
    height: captionTop + lines.length * LINE_PX + MARGIN_PX - 4,
    body,
    x: MARGIN_PX + Math.round((inner - body.width) / 2),
    y: bodyTop,
    text,
    title,
    description: caption.join('\n'),
    paper: style.paper,
    widthMm,
  };
}

/**
 * A drawing without words around it, for paper, where these have sizes of their own.
 *
 * @typedef {{width: number, height: number, images: Body['images'], markup: Markup}} Drawn
 */

/** @param {Body} body @param {Legend | null} legend @param {FigureStyle} style @returns {Drawn} */
export function withLegend({ width, height, images, markup }, legend, style) {
  const key = legend ? legendMarkup(legend, width, style) : { markup: [], height: -GAP_PX };
  const whole = height + GAP_PX + key.height;
  return {
    width,
    height: whole,
    images,
    markup: node(
      'svg',
      { viewBox: `0 0 ${width} ${whole}`, width: '100%', height: '100%', 'font-family': FONTS },
      ...markup,
      node('g', { transform: `translate(0 ${height + GAP_PX})` }, ...key.markup),
    ),
  };
}

/** @param {Sheet} sheet @returns {string} */
export function toSvg(sheet) {
  const images = sheet.body.images.map(({ x, y, width, height, canvas }) =>
    node('image', {
      x: sheet.x + x,
      y: sheet.y + y,
      width,
      height,
      href: canvas.toDataURL('image/png'),
    }),
  );
  const paper = node('rect', { class: 'paper', width: '100%', height: '100%', fill: sheet.paper });
  return (
    '<?xml version="1.0" ' +
    `encoding="UTF-8"?>\n${serialise(rootOf(sheet, 1, paper, ...images))}\n`
  );
}

/**
 * @param {Sheet} sheet
 * @returns {Promise<Blob>} twice as many pixels along each side as the SVG has
 * @throws {Error} if no browser has a canvas that large
 */
export async function toPng(sheet) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [SHARPNESS * sheet.width, SHARPNESS * sheet.height];
  const pen = canvas.getContext('2d');
  if (!pen || Math.max(canvas.width, canvas.height) > MAX_PIXELS)
    throw new Error('This figure is too large for a PNG; an SVG has no such limit.');
  pen.fillStyle = sheet.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingEnabled = false;
  for (const { x, y, width, height, canvas: image } of sheet.body.images)
    pen.drawImage(
      image,
      SHARPNESS * (sheet.x + x),
      SHARPNESS * (sheet.y + y),
      SHARPNESS * width,
      SHARPNESS * height,
    );
  pen.drawImage(await drawn(serialise(rootOf(sheet, SHARPNESS))), 0, 0);
  const blob = await new Promise((resolve, reject) =>
    canvas.toBlob(
      (made) =>
        made ? resolve(made) : reject(new Error('The browser made no picture of this figure.')),
      'image/png',
    ),
  );
  const { title, description, widthMm } = sheet;
  const perMetre = widthMm && (1000 * canvas.width) / widthMm;
  const texts = { Title: title, Description: description, Software: 'AttentionViz' };
  const png = new Uint8Array(await blob.arrayBuffer());
  return new Blob([withChunks(png, texts, perMetre)], { type: 'image/png' });
}

/** @param {Sheet} sheet @param {number} scale @param {...Markup} below */
function rootOf(sheet, scale, ...below) {
  const { width, height, body, x, y, text, title, description, widthMm } = sheet;
  const mm = (/** @type {number} */ part) => `${Number(part.toFixed(2))}mm`;
  const isPaper = widthMm !== null && scale === 1;
  return node(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: isPaper ? mm(widthMm) : width * scale,
      height: isPaper ? mm((widthMm * height) / width) : height * scale,
      viewBox: `0 0 ${width} ${height}`,
      'font-family': FONTS,
      role: 'img',
    },
    node('title', {}, title),
    node('desc', {}, description),
    node('metadata', {}, description),
    ...below,
    node('g', { class: 'figure', transform: `translate(${x} ${y})` }, ...body.markup),
    ...text,
  );
}

/** @param {string} svg @returns {Promise<HTMLImageElement>} */
async function drawn(svg) {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}
