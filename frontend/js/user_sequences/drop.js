/** Runs an image that is dropped on the maps or pasted through the model of the dataset. */

import { createCleanup, el, setText, UNTRANSLATED } from '../ui/dom.js';
import { sendImage } from './input_box.js';
import { whyNot } from './items.js';

/** @import { Context, State } from '../page.js' */

/**
 * @param {HTMLElement} root where it may be dropped
 * @param {Context & {openUserSequences: () => void}} context
 */
export function createDrop(root, context) {
  const { facts, notify, openUserSequences, userSequences, store } = context;
  const cleanup = createCleanup();
  const message = el('p', UNTRANSLATED);
  const element = el('div', { class: 'drop', hidden: true }, message);
  root.append(element);

  /** Whether files are dragged that can be used. @param {DragEvent} event */
  const hasFiles = (event) =>
    userSequences.limits !== null && Boolean(event.dataTransfer?.types.includes('Files'));

  /** @param {DragEvent} event */
  function over(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (element.hidden && facts.description.value?.manifest?.model.modality === 'image')
      userSequences.warm(store.get().dataset);
    element.hidden = false;
  }

  /** @param {DragEvent} event */
  function leave(event) {
    if (!(event.relatedTarget instanceof Node) || !root.contains(event.relatedTarget))
      element.hidden = true;
  }

  /** @param {DragEvent} event */
  function drop(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.hidden = true;
    take(event.dataTransfer?.files);
  }

  /** @param {ClipboardEvent} event */
  function paste(event) {
    const files = event.clipboardData?.files;
    if (
      userSequences.limits === null ||
      !files ||
      files.length === 0 ||
      document.querySelector('dialog:modal')
    )
      return;
    event.preventDefault();
    take(files);
  }

  /** @param {FileList | undefined} files */
  function take(files) {
    if (!files || files.length === 0) return;
    if (files.length > 1) notify(`One image at a time: the first of ${files.length} is taken.`);
    sendImage(files[0], context, (problem) =>
      problem === '' ? openUserSequences() : notify(problem),
    );
  }

  cleanup.listen(root, 'dragover', over);
  cleanup.listen(root, 'dragleave', leave);
  cleanup.listen(root, 'drop', drop);
  cleanup.listen(document, 'paste', paste);

  return {
    /** @param {State} _state */
    update(_state) {
      const manifest = facts.description.value?.manifest;
      const refused = manifest ? whyNot(manifest) : '';
      const way =
        manifest?.model.modality === 'image'
          ? `Drop the image to run it through ${manifest.model.name}`
          : 'This dataset has sentences; open one of images for this';
      setText(message, refused || way);
    },
    destroy() {
      cleanup.run();
      element.remove();
    },
  };
}
