/** Things computed from the facts that several views need; each is computed once and kept while nothing changes. */

import { findTokens, indexWords } from './search.js';
import { modesFor } from './color_modes.js';

/** @import { Facts, State } from './page.js' */

/**
 * Return a function that remembers its last answer, and gives it again for the same parameters.
 *
 * @template {readonly unknown[]} P
 * @template R
 * @param {(...parameters: P) => R} compute
 * @returns {(...parameters: P) => R}
 */
export function lastOnly(compute) {
  /** @type {{parameters: P, result: R} | null} */
  let last = null;
  return (...parameters) => {
    if (!last || parameters.some((value, i) => !Object.is(value, last?.parameters[i]))) {
      last = { parameters, result: compute(...parameters) };
    }
    return last.result;
  };
}

/** @param {Facts} facts */
export function createDerived(facts) {
  const index = lastOnly(indexWords);
  const found = lastOnly(findTokens);
  const modes = lastOnly(modesFor);

  return {
    /** @param {State} state */
    hits({ search }) {
      const tokens = facts.tokens.value;
      return tokens && search.trim() !== '' ? found(index(tokens), search) : null;
    },
    /** The colour modes of this dataset; none while it is not known. */
    modes() {
      const model = facts.description.value?.manifest?.model;
      return model ? modes(model.modality) : [];
    },
    /** @param {State} state */
    mode(state) {
      const all = this.modes();
      return all.find(({ name }) => name === state.color) ?? all[0] ?? null;
    },
  };
}

/** @typedef {ReturnType<typeof createDerived>} Derived */
