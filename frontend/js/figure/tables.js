/**
 * What a map holds as tables for other programs: places of its points, and how true every map is.
 */

import { csvText } from '../compute/csv.js';
import { rowColumn } from '../compute/head_parts.js';
import { userSequenceName } from '../data/user_sequence_text.js';
import { surfaceOf } from '../marked_points/table.js';
import { isOwnText, formatTokenName } from '../ui/labels.js';
import { FIDELITY_LABELS } from '../data/map_labels.js';

/** @import { HeadFacts, HeadId, HeadMap, HeadMapFacts, Manifest, Pair } from '../page.js' */
/** @import { Tokens } from '../page.js' */

/** @typedef {Record<string, string | number | null>} Row */

/** Digits of a coordinate: the steps of a map have five. */
const DIGITS = 7;
const AXES = /** @type {const} */ (['x', 'y', 'z']);

/**
 * All points of the map of a head, queries first, in the unit of the map.
 *
 * @param {HeadMap} map
 * @param {Pick<HeadMapFacts, 'offset' | 'scale'>} unit
 * @param {Tokens} tokens
 * @returns {Row[]} tokens and sequences count from 0, as the API has them; positions from 1, as the
 *   page says them; `own` names what is the reader's own, where there is such
 */
export function pointRows({ positions, dims }, { offset, scale }, tokens) {
  return Array.from({ length: 2 * tokens.n }, (_, point) => {
    const token = point % tokens.n;
    const text = isOwnText(tokens, token) ? tokens.text.at(token) : formatTokenName(tokens, token);
    const places = AXES.slice(0, dims).map((axis, i) => [
      axis,
      Number((offset[i] + scale * positions[point * dims + i]).toPrecision(DIGITS)),
    ]);
    return {
      kind: point < tokens.n ? 'query' : 'key',
      token_idx: token,
      sequence_idx: tokens.sequence[token],
      position: tokens.position[token] + 1,
      text,
      ...surfaceOf(tokens, token),
      ...(tokens.userLayer ? { own: userSequenceName(tokens, tokens.sequence[token]) ?? '' } : {}),
      ...Object.fromEntries(places),
    };
  });
}

/**
 * How true every map of every head is.
 *
 * @param {Map<string, HeadFacts>} heads
 * @param {readonly object[]} [layers]
 * @returns {Row[]}
 */
export function fidelityRows(heads, layers = []) {
  return [...heads.values()].flatMap(({ layer, head, maps }) =>
    Object.keys(maps)
      .sort()
      .map((name) => ({
        layer,
        head,
        ...rowColumn(layers, layer),
        map: name,
        ...Object.fromEntries(
          FIDELITY_LABELS.map((measure) => [measure.name, maps[name].fidelity[measure.name]]),
        ),
        fallback: maps[name].fallback ?? '',
      })),
  );
}

/** @param {readonly Row[]} rows all with the same columns */
export function tableCsv(rows) {
  const columns = Object.keys(rows[0] ?? {});
  return csvText([columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]);
}

/**
 * @param {string} name of the rows
 * @param {readonly Row[]} rows
 * @param {Manifest} manifest
 * @param {{map?: string, at?: HeadId, pairs?: readonly Pair[]}} subject of which map and head the
 *   rows are, where they are of one, and the marked pairs that they tell of
 */
export function tableJson(name, rows, manifest, { map, at, pairs = [] }) {
  const { attentionviz_version: version, model, corpus, seed } = manifest;
  const facts = map
    ? { map, parameters: manifest.maps[map]?.parameters ?? {}, layer: at?.layer, head: at?.head }
    : {};
  const of = {
    dataset: manifest.id,
    model: model.name,
    source: model.source,
    revision: model.revision,
    weights_sha256: model.weights_sha256,
    corpus: corpus.name,
    seed,
    ...(version ? { attentionviz_version: version } : {}),
  };
  const marked =
    pairs.length > 0
      ? {
          pairs: pairs.map(({ query, key, isStrong }) => ({
            query_idx: query,
            key_idx: key,
            wish: isStrong ? 'strong' : 'weak',
          })),
        }
      : {};
  return `${JSON.stringify({ ...of, ...facts, ...marked, [name]: rows }, null, 1)}\n`;
}
