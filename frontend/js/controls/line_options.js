/** Which attention lines the map of a head has. */

import { countPairs, pairsOfSequence } from '../data/labelled_pairs.js';
import { el, setText, UNTRANSLATED } from '../ui/dom.js';
import { hasVectors } from '../data/stored_vectors.js';
import { DEFAULTS } from '../state/choices.js';
import { createSection } from '../ui/section.js';
import { createCheck, createSlider } from '../ui/sliders.js';

/** @import { Context, State, View } from '../page.js' */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View}
 */
export function createLineOptions(root, { actions, facts }) {
  const element = el('section', { class: 'side__part' });
  root.append(element);
  const lines = createCheck(element, {
    label: 'Attention lines',
    help: 'Solid lines from the selection to its strongest keys or queries; darker is stronger.',
    onPick: (hasLines) => actions.choose({ hasLines }),
  });
  const section = createSection(element, {
    name: 'lines',
    title: 'Options',
    help: 'How many lines are drawn, and from which weight on.',
  });
  const count = createSlider(section.body, {
    label: 'Lines of a token',
    help: 'Most lines of each query, or of the selected key.',
    scale: [1, 20, 1],
    standard: DEFAULTS.lineCount,
    onPick: (lineCount) => actions.choose({ lineCount }, 'replace'),
    format: String,
  });
  const threshold = createSlider(section.body, {
    label: 'Least weight',
    help: 'Weaker attention has no line.',
    scale: [0, 1, 0.01],
    standard: DEFAULTS.lineThreshold,
    onPick: (lineThreshold) => actions.choose({ lineThreshold }, 'replace'),
    format: (value) => value.toFixed(2),
  });
  const alone = createCheck(section.body, {
    label: 'Only of the selected point',
    help: 'Off: also the lines of the other queries of the sentence or image, fainter.',
    onPick: (isLineAlone) => actions.choose({ isLineAlone }),
  });

  const strongest = createCheck(element, {
    label: 'Strongest and nearest',
    help:
      'For the hovered or selected point: dashed lines to the ten highest q·k in the whole ' +
      'corpus, rings around the ten nearest points of the map. Where they differ, the map ' +
      'misleads.',
    onPick: (hasStrongest) => actions.choose({ hasStrongest }),
  });

  const pairs = createCheck(element, {
    label: 'Labelled pairs',
    help:
      'Dotted lines between the tokens of each pair that came with the dataset, in map and ' +
      'sentence: of the selected sentence, or of all.',
    onPick: (hasLabelledPairs) => actions.choose({ hasLabelledPairs }),
  });
  const pairCount = el('p', { ...UNTRANSLATED, class: 'check__note soft' });
  element.append(pairCount);

  /** @param {State} state */
  function updatePairs({ hasLabelledPairs, selected }) {
    const tokens = facts.tokens.value;
    pairs.element.hidden = !tokens?.labelledPairs;
    pairCount.hidden = pairs.element.hidden || !hasLabelledPairs;
    pairs.update(hasLabelledPairs);
    if (!tokens || pairCount.hidden) return;
    const sequence = selected ? (tokens.sequence[selected.token] ?? null) : null;
    const where = sequence === null ? 'in all sentences' : 'in this sentence';
    setText(pairCount, countPairs(pairsOfSequence(tokens, sequence), where));
  }

  return {
    update(state) {
      const { at, hasLines, lineCount, lineThreshold, isLineAlone, hasStrongest } = state;
      const isPossible = hasVectors(facts);
      for (const one of [lines, strongest]) one.element.hidden = !isPossible;
      updatePairs(state);
      element.hidden = at === null || (!isPossible && pairs.element.hidden);
      section.element.hidden = !(hasLines && isPossible);
      lines.update(hasLines);
      count.update(lineCount);
      threshold.update(lineThreshold);
      alone.update(isLineAlone);
      strongest.update(hasStrongest);
      section.setNote(
        `${lineCount} each, ≥ ${lineThreshold.toFixed(2)}${isLineAlone ? '' : ', all'}`,
      );
    },
    destroy: () => element.remove(),
  };
}
