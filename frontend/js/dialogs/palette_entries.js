/** What the command palette finds: heads, scores, tokens, methods, datasets and commands. */

import { hasParts, rowNamed } from '../compute/head_parts.js';
import { fuzzyScore } from '../compute/fuzzy.js';
import { hasHead, headsIn, headsOf, whyMissing } from '../compute/model_heads.js';
import { count, counted } from '../compute/number_text.js';
import { COMMANDS } from '../controls/commands.js';
import { hasMap, offeredMethods } from '../data/best_map.js';
import { formatHeadName } from '../data/head_names.js';
import { numbersFor } from '../data/head_measures.js';
import { layersOf } from '../data/points.js';
import { completed, suggest } from '../data/search.js';
import { formatHead, formatTitle, visibleText } from '../ui/labels.js';

/** @import { Model } from '../compute/model_heads.js' */
/** @import { Context, HeadId, Manifest } from '../page.js' */
/** @import { StartCards } from './start_cards.js' */

/**
 * @typedef {object} Entry
 * @property {'Head' | 'Score' | 'Token' | 'Method' | 'Dataset' | 'Example' | 'Command'} kind
 * @property {string} label
 * @property {string} [detail]
 * @property {string} [match] what is compared with the typed words; else label and detail
 * @property {string} [keys] that do the same
 * @property {boolean} [isCorpus] whether the label is text of the corpus, or a name
 * @property {() => void} run
 */

const MAX_TOKENS = 8;
const MAX_NAMED_HEADS = 10;
const MAX_ENTRIES = 40;
/**
 * "L5H1", "l5 h1", "layer 5, head 1", "5.1", "5 1"; without a head, all of a layer. With an encoder
 * and a decoder "X5H1", "e5 h1" and so on.
 */
const HEAD =
  /^(?:(l|layer|e|d|x)\s*(\d+)[\s.,:]*(?:h|head)?\s*(\d+)?|(\d+)(?:[\s.,:]+(\d+))?)\s*$/i;

/**
 * Head or layer that was typed, by names of rows or as numbers.
 *
 * @param {string} typed
 * @param {readonly object[]} [layers] of the model
 * @returns {{layer: number, head: number | null} | null} layer -1: the model has no such row
 */
export function parseHead(typed, layers = []) {
  const found = HEAD.exec(typed.trim());
  if (!found) return null;
  const [letter, number, head] = [found[1] ?? '', found[2] ?? found[4], found[3] ?? found[5]];
  const isPart = /^[edx]$/i.test(letter);
  if (isPart && !hasParts(layers)) return null;
  const layer = isPart ? rowNamed(layers, `${letter}${Number(number)}`) : Number(number);
  return { layer, head: head === undefined ? null : Number(head) };
}

/**
 * Entries for what was typed, best first; without any, examples and commands.
 *
 * @param {string} typed
 * @param {Context} context
 * @param {Record<string, () => void>} commands by their names
 * @param {Pick<StartCards, 'offered' | 'open'>} examples
 * @returns {Entry[]}
 */
export function findEntries(typed, context, commands, examples) {
  const manifest = context.facts.description.value?.manifest ?? null;
  const rest = [...exampleEntries(examples), ...commandEntries(commands)];
  if (typed.trim() === '') return rest;
  const heads = manifest ? headsTyped(typed, context, manifest) : [];
  const labelled = [
    ...(manifest ? scoreEntries(context, manifest) : []),
    ...(manifest ? namedHeads(typed, context, manifest) : []),
    ...(manifest ? methodEntries(context, manifest) : []),
    ...datasetEntries(context),
    ...rest,
  ];
  const tokens = tokenEntries(typed, context);
  const matches = [...labelled, ...tokens]
    .map((entry) => ({ entry, score: fuzzyScore(typed, textOf(entry)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  return [...heads, ...matches.map(({ entry }) => entry)].slice(0, MAX_ENTRIES);
}

/**
 * Why numbers that were typed are no head of the model; '' where they are, or nothing of the kind
 * was typed.
 *
 * @param {string} typed
 * @param {Model | null} model
 */
export function outsideText(typed, model) {
  const typedHead = parseHead(typed, model?.layers);
  if (!typedHead || !model) return '';
  const { layer, head } = typedHead;
  if (layer < 0) return `The model has no row ${typed.trim().toUpperCase()}.`;
  const missing = whyMissing(model, { layer, head: head ?? 0 });
  return missing === null ? '' : `${missing}.`;
}

/** @param {string} typed @param {Context} context @param {Manifest} manifest */
function headsTyped(typed, context, manifest) {
  const found = parseHead(typed, manifest.layers);
  if (!found) return [];
  const { layer, head } = found;
  const heads = head === null ? [...Array(headsIn(manifest, layer)).keys()] : [head];
  return heads
    .filter((each) => hasHead(manifest, { layer, head: each }))
    .slice(0, MAX_ENTRIES)
    .map((each) => headEntry(context, { layer, head: each }));
}

/** @param {Context} context @param {HeadId} at @returns {Entry} */
function headEntry({ actions, derived, facts }, at) {
  const layers = layersOf(facts);
  const name = derived.heads().headName(at);
  return {
    kind: 'Head',
    label: formatTitle(at, layers),
    detail: name ? formatHeadName(name) : formatHead(at, layers),
    match: name?.label,
    run: () => actions.openHead(at),
  };
}

/** What of an entry is compared with the typed words. @param {Entry} entry */
function textOf({ label, detail, match }) {
  return match ?? `${label} ${detail ?? ''}`;
}

/**
 * Heads whose name matches, the highest scores first.
 *
 * @param {string} typed
 * @param {Context} context
 * @param {Manifest} manifest
 */
function namedHeads(typed, context, manifest) {
  const named = headsOf(manifest).flatMap((at) => {
    const name = context.derived.heads().headName(at);
    return name && fuzzyScore(typed, name.label) > 0 ? [{ at, value: name.value }] : [];
  });
  named.sort((a, b) => b.value - a.value);
  return named.slice(0, MAX_NAMED_HEADS).map(({ at }) => headEntry(context, at));
}

/** @param {Context} context @param {Manifest} manifest @returns {Entry[]} */
function scoreEntries({ actions, store }, manifest) {
  return numbersFor(manifest, store.get().pairs.length > 0).map(({ name, label }) => ({
    kind: 'Score',
    label,
    detail: 'tint and sort all heads',
    run: () => actions.compareHeads(name),
  }));
}

/** @param {Context} context @param {Manifest} manifest @returns {Entry[]} */
function methodEntries({ actions }, { maps }) {
  return offeredMethods().flatMap(({ name, label }, i) =>
    hasMap(maps, name, 2) || hasMap(maps, name, 3)
      ? [
          {
            kind: /** @type {const} */ ('Method'),
            label,
            detail: 'projection',
            keys: String(i + 1),
            run: () => actions.showMethod(name),
          },
        ]
      : [],
  );
}

/** @param {Context} context @returns {Entry[]} */
function datasetEntries({ actions, facts, store }) {
  return (facts.datasets.value ?? [])
    .filter(({ id, state }) => id !== store.get().dataset && state === 'complete')
    .map(({ id, model, n_heads_total: nHeads }) => ({
      kind: 'Dataset',
      label: id,
      detail: `${model?.name ?? ''} ${nHeads ? counted(nHeads, 'head') : ''}`.trim(),
      isCorpus: true,
      run: () => actions.openDataset(id),
    }));
}

/** @param {string} typed @param {Context} context @returns {Entry[]} */
function tokenEntries(typed, { actions, derived }) {
  const index = derived.words();
  if (!index) return [];
  const id = index.ids.get(typed.trim().toLowerCase());
  const exact = id === undefined ? [] : [{ word: index.words[id], count: index.counts[id] }];
  const others = suggest(index, typed, 'substring', MAX_TOKENS);
  return [...exact, ...others.filter(({ word }) => word !== exact[0]?.word)].map(
    ({ word, count: n }) => ({
      kind: 'Token',
      label: visibleText(word),
      detail: `search all heads, ${count(n)} ×`,
      isCorpus: true,
      run: () => actions.choose({ search: completed('', word), searchMode: 'whole' }),
    }),
  );
}

/** @param {Pick<StartCards, 'offered' | 'open'>} examples @returns {Entry[]} */
function exampleEntries({ offered, open }) {
  return offered().map((example) => ({
    kind: 'Example',
    label: example.title,
    detail: example.about,
    run: () => open(example),
  }));
}

/** @param {Record<string, () => void>} commands @returns {Entry[]} */
function commandEntries(commands) {
  return COMMANDS.filter(({ isListedOnly, name }) => !isListedOnly && name !== 'openPalette').map(
    ({ name, label, keys }) => ({ kind: 'Command', label, keys, run: commands[name] }),
  );
}
