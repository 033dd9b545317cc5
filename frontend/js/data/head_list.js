/** Facts of every head, from the columns that the server sends. */

/** @import { HeadFacts, HeadList, MapColumns } from '../page.js' */

/**
 * @param {HeadList} columns of one value per head
 * @returns {Map<string, HeadFacts>} by "layer,head"
 */
export function readHeads({ layer, head, alignment_scale, scores, maps, best_maps }) {
  const [scoreColumns, mapColumns, bestColumns] = [scores, maps, best_maps].map(Object.entries);
  return new Map(
    layer.map((_, i) => [
      `${layer[i]},${head[i]}`,
      {
        layer: layer[i],
        head: head[i],
        alignment_scale: alignment_scale[i],
        scores: scoresOf(scoreColumns, i),
        maps: mapsOf(mapColumns, i),
        best_maps: Object.fromEntries(bestColumns.map(([name, column]) => [name, column[i]])),
      },
    ]),
  );
}

/**
 * @param {[string, HeadList['scores'][string]][]} columns
 * @param {number} i
 */
function scoresOf(columns, i) {
  /** @type {HeadFacts['scores']} */
  const scores = {};
  for (const [name, { value, n_rows }] of columns) {
    const nRows = n_rows[i];
    if (nRows !== null) scores[name] = { value: value[i], n_rows: nRows };
  }
  return scores;
}

/** @param {[string, MapColumns][]} columns @param {number} i */
function mapsOf(columns, i) {
  /** @type {HeadFacts['maps']} */
  const maps = {};
  for (const [name, column] of columns) {
    if (!column.is_ready[i]) continue;
    maps[name] = {
      fidelity: {
        recall_at_10: column.recall_at_10[i],
        recall_at_100: column.recall_at_100[i],
        rank_correlation: column.rank_correlation[i],
        trustworthiness: column.trustworthiness[i],
      },
      fallback: column.fallback[i],
    };
  }
  return maps;
}
