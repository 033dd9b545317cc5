/** The choice of a dataset by the family of its model, with its counts, or how far it is. */

import { formatState } from '../data/dataset_table.js';
import { el, setAttribute, UNTRANSLATED } from '../ui/dom.js';
import { sequenceWord } from '../ui/labels.js';
import { count, counted } from '../compute/number_text.js';

/** @import { Context, DatasetEntry, View } from '../page.js' */

/** Names of families as their makers write them. @type {Record<string, string>} */
const FAMILIES = {
  bert: 'BERT',
  roberta: 'RoBERTa',
  distilbert: 'DistilBERT',
  modernbert: 'ModernBERT',
  gpt2: 'GPT-2',
  opt: 'OPT',
  gpt_neox: 'GPT-NeoX',
  llama: 'LLaMA',
  gemma2: 'Gemma 2',
  gemma3: 'Gemma 3',
  gpt_oss: 'gpt-oss',
  qwen3: 'Qwen3',
  qwen3_next: 'Qwen3-Next',
  qwen2_vl: 'Qwen2-VL',
  llava: 'LLaVA',
  t5: 'T5',
  bart: 'BART',
  marian: 'Marian',
  whisper: 'Whisper',
  esm: 'ESM',
  vit: 'ViT',
  deit: 'DeiT',
  dinov2: 'DINOv2',
  clip: 'CLIP',
  siglip: 'SigLIP',
};
/** Those whose model is not known yet, or cannot be read. */
const UNKNOWN = 'Unknown';

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @returns {View & {element: HTMLElement}}
 */
export function createDatasetChoice(root, { actions, facts }) {
  const select = el('select', {
    ...UNTRANSLATED,
    class: 'select header__dataset',
    onChange: choose,
    onPointerdown: () => name(true),
    onKeydown: () => name(true),
    onBlur: () => name(false),
  });
  const label = el(
    'label',
    { class: 'header__field' },
    el('span', { class: 'visually-hidden' }, 'Dataset'),
    select,
  );
  root.append(label);
  let shown = '';
  let named = '';

  function choose() {
    name(false);
    actions.openDataset(select.value);
  }

  /**
   * There is room for counts in the list, and closed only for the name of what is chosen.
   *
   * @param {boolean} isOpen
   */
  function name(isOpen) {
    for (const option of select.options)
      setAttribute(option, 'label', option.selected && !isOpen ? option.value : null);
  }

  return {
    element: label,
    update({ dataset }) {
      const entries = facts.datasets.value ?? [];
      const groups = byFamily(entries);
      const key = JSON.stringify(groups);
      if (key !== shown) {
        shown = key;
        select.replaceChildren(
          ...groups.map(({ family, options }) =>
            el(
              'optgroup',
              { label: family },
              ...options.map(({ id, words }) => el('option', { value: id }, words)),
            ),
          ),
        );
      }
      select.disabled = entries.length === 0;
      if (key !== named || select.value !== dataset) {
        named = key;
        select.value = dataset ?? '';
        name(false);
      }
      const chosen = groups.flatMap(({ options }) => options).find(({ id }) => id === dataset);
      setAttribute(
        select,
        'title',
        dataset === null ? 'Dataset' : `Dataset: ${chosen?.words ?? dataset}`,
      );
    },
    destroy: () => label.remove(),
  };
}

/**
 * Datasets in groups of one family, in the order in which the families first come.
 *
 * @param {readonly DatasetEntry[]} entries
 * @returns {{family: string, options: {id: string, words: string}[]}[]}
 */
export function byFamily(entries) {
  /** @type {Map<string, {id: string, words: string}[]>} */
  const groups = new Map();
  for (const entry of entries) {
    const family = entry.model ? (FAMILIES[entry.model.family] ?? entry.model.family) : UNKNOWN;
    if (!groups.has(family)) groups.set(family, []);
    const state = entry.state === 'complete' ? '' : ` (${formatState(entry)})`;
    groups.get(family)?.push({ id: entry.id, words: `${entry.id}${state}${formatCount(entry)}` });
  }
  const known = [...groups].filter(([family]) => family !== UNKNOWN);
  return [...known, ...[...groups].filter(([family]) => family === UNKNOWN)].map(
    ([family, options]) => ({ family, options }),
  );
}

/** @param {DatasetEntry} entry */
function formatCount({
  modality,
  n_heads_total: nHeads,
  n_sequences: nSequences,
  n_tokens: nTokens,
}) {
  const heads = nHeads ? ` · ${counted(nHeads, 'head')}` : '';
  const sequences = nSequences ? ` · ${counted(nSequences, sequenceWord(modality ?? 'text'))}` : '';
  return `${heads}${sequences}${nTokens ? ` · ${count(2 * nTokens)} points` : ''}`;
}
