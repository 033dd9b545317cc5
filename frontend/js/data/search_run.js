/** A search that goes on in the background where texts are many, or not loaded yet. */

import { findMore, findTokens } from './search.js';

/** @import { SearchMode } from '../page.js' */
/** @import { Found, SearchIndex } from './search.js' */

/** Time for the texts before the page answers, and at a time afterwards. */
const FIRST_MS = 15;
const SLICE_MS = 25;

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
    try {
      while (found.isSearching) {
        await run.index.texts.load(found.nTexts);
        await new Promise((resolve) => {
          setTimeout(resolve);
        });
        if (run !== last) return;
        found = findMore(run.index, found, run.mode, SLICE_MS);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const problem = `Not all texts could be searched. ${why}`;
      found = { ...found, isSearching: false, problem };
    }
    if (run !== last) return;
    run.found = found;
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
