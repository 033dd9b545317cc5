/** A search that goes on in the background where texts are many, or not loaded yet. */

import { countHits, findTokens } from './search.js';

/** @import { SearchMode } from '../page.js' */
/** @import { Found, SearchIndex } from './search.js' */

/** Time for the texts before the page answers, and at a time afterwards. */
const FIRST_MS = 15;
const SLICE_MS = 20;

/** @typedef {{index: SearchIndex, typed: string, mode: SearchMode, found: Found | null}} Run */

/**
 * Return a function that gives what a search has found, for the last search.
 *
 * @param {() => void} changed called when a search that went on has ended
 */
export function createSearchRun(changed) {
  /** @type {Run | null} */
  let last = null;

  /** @param {Run} run @param {Found} found */
  async function finish(run, found) {
    const { index, mode } = run;
    const hits = found.hits.slice();
    let nTexts = found.nTexts;
    try {
      while (nTexts < index.texts.n) {
        await index.texts.load(nTexts);
        await new Promise((resolve) => {
          setTimeout(resolve);
        });
        if (run !== last) return;
        nTexts = index.texts.mark(found.terms, mode, hits, nTexts, SLICE_MS);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const problem = `Not all texts could be searched. ${why}`;
      found = { ...found, problem };
    }
    if (run !== last) return;
    run.found = { ...found, ...countHits(index, hits), nTexts, isSearching: false };
    changed();
  }

  /** @param {SearchIndex} index @param {string} typed @param {SearchMode} mode */
  return (index, typed, mode) => {
    if (last?.index === index && last.typed === typed && last.mode === mode) return last.found;
    /** @type {Run} */
    const run = { index, typed, mode, found: findTokens(index, typed, mode, FIRST_MS) };
    last = run;
    if (run.found?.isSearching) void finish(run, run.found);
    return run.found;
  };
}
