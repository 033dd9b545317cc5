/**
 * The texts and images of the user: kept in this tab only, and run one at a time, the latest first,
 * through the model of the shown dataset.
 */

import { addressTexts, createItems } from './items.js';
import { createRequests, nextJob } from './requests.js';
import { createShownSequences } from './shown_sequences.js';
import { createWarming } from './warming.js';

/** @import { Answer, Content, Job, Limits, Send, Submission, Token } from './live.js' */
/** @import { UserItem } from './live.js' */
/** @import { KeptText } from './kept_texts.js' */
/** @import { Counted } from './token_renumbering.js' */

/**
 * @param {Send} send
 * @param {{changed: () => void, moved: (dataset: string, nCorpus: number, shown: readonly
 *   Counted[], waiting: readonly string[]) => void, arrived: (dataset: string, token: number) =>
 *   void}} tell `changed` is called after every change, `moved` before it with what a dataset
 *   shows, `arrived` for a new sequence
 */
export function createUserSequences(send, { changed, moved, arrived }) {
  const items = createItems();
  const pump = () => requests.pump();
  const { runs, settle, wants, ...shown } = createShownSequences(items.all, moved, pump);
  const warming = createWarming(send);
  /** @type {Submission | null} */
  let submission = null;
  /** Limits of the server; null while nothing can be typed. @type {Limits | null} */
  let limits = null;
  let isOff = false;
  const requests = createRequests(send, warming, {
    next: () => nextJob(submission, limits ? items.all() : [], wants, runs),
    answered: take,
    failed: refuse,
    ended: changed,
  });

  /** @param {Job} job @param {Answer} answer */
  function take({ submission: asked, item: known, wanted }, answer) {
    if (asked) submission = null;
    const item = asked ? items.keep(asked, answer) : known;
    if (!item || !items.all().includes(item)) return;
    if (asked) runs.forget(item);
    runs.add(item, wanted, answer);
    settle();
    const token = shown.openingTokenOf(wanted.dataset, item);
    if (asked && token !== null) arrived(wanted.dataset, token);
  }

  /** @param {Job} job @param {string} error */
  function refuse({ submission: asked, item, wanted }, error) {
    if (asked) submission = { ...asked, error };
    else if (item) runs.fail(item, wanted, error);
  }

  /** @param {Submission | null} [next] what is submitted from now on */
  function refresh(next = submission) {
    submission = next;
    pump();
    changed();
  }

  /** @param {Content} content @param {string} dataset @param {number | null} [edits] */
  function submit(content, dataset, edits = null) {
    refresh({ ...content, dataset, edits, isFirst: !warming.isReady(dataset), error: null });
  }

  return {
    ...shown,
    isAsked: requests.isAsked,
    get limits() {
      return limits;
    },
    get items() {
      return items.all();
    },
    get submission() {
      return submission;
    },
    /** The texts for the address, and the number of items that are left out. */
    addressState: () => addressTexts(items.all()),
    /** Set the limits of the server; null: nothing can be run. @param {Limits | null} next */
    enable(next) {
      limits = next;
      isOff = next === null;
      if (isOff) items.clear();
      refresh();
    },
    /** Load the model of a dataset that is about to be used. @param {string | null} dataset */
    warm(dataset) {
      const wanted = dataset === null || !limits || requests.isBusy() ? null : wants.of(dataset);
      if (wanted) warming.warm(wanted, wants.mapsOf(wanted.dataset));
    },
    /** @param {string} text @param {string} dataset */
    addText: (text, dataset) => submit({ kind: 'text', text, tokens: null, file: null }, dataset),
    /** @param {Blob} file @param {string} name @param {string} dataset */
    addImage: (file, name, dataset) =>
      submit({ kind: 'image', text: name, tokens: null, file }, dataset),
    /** @param {UserItem} item @param {readonly Token[]} tokens @param {string} dataset */
    edit: (item, tokens, dataset) =>
      submit({ kind: 'tokens', text: item.text, tokens, file: null }, dataset, item.id),
    /** Add texts of the address. @param {readonly string[]} texts */
    restore(texts) {
      if (!isOff && items.restore(texts)) refresh();
    },
    /** Add what this tab kept, before anything else is there. @param {readonly KeptText[]} kept */
    recall(kept) {
      if (items.recall(kept)) refresh();
    },
    /** @param {UserItem} item */
    remove(item) {
      items.remove(item);
      settle();
      refresh(submission?.edits === item.id ? null : submission);
    },
    /** Cancel the submission. */
    cancel: () => refresh(null),
    /** Retry the failed requests of an item. @param {UserItem} item */
    again(item) {
      runs.retry(item);
      refresh();
    },
  };
}

/** @typedef {ReturnType<typeof createUserSequences>} UserSequences */
