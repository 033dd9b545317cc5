/** Signing out, and what the page says when a session has ended while it was open. */

import { el, ICONS, icon } from '../ui/dom.js';
import { signInAddress, signOut } from '../data/sign_in.js';

/** @import { Session } from '../page.js' */

/**
 * The button that signs out; it is there where one signed in.
 *
 * @param {HTMLElement} root
 * @param {Promise<Session | null>} session
 * @param {(text: string) => void} notify
 */
export function createSignOut(root, session, notify) {
  const words = el('span', { class: 'visually-hidden' }, 'Sign out');
  const button = el(
    'button',
    { class: 'button button--quiet button--icon', type: 'button', hidden: true, onClick: leave },
    icon(ICONS.out),
    words,
  );
  root.append(button);
  void session.then((found) => {
    if (!found?.has_session) return;
    button.hidden = false;
    button.title =
      `Sign out ${found.name ?? ''} ` +
      `(${found.role === 'jobs' ? 'may build datasets' : 'may look at everything'})`;
  });

  async function leave() {
    try {
      await signOut();
    } catch {
      notify('Can’t reach the server; you are still signed in.');
    }
  }

  return { destroy: () => button.remove() };
}

/**
 * What is said when the server no longer lets one in. The view stays where it is and comes back
 * after signing in.
 *
 * @param {HTMLElement} root
 */
export function createSignedOut(root) {
  const again = el(
    'a',
    {
      class: 'button button--main',
      href: signInAddress(),
      onClick: () => again.setAttribute('href', signInAddress()),
    },
    'Sign in',
  );
  const dialog = el(
    'dialog',
    { class: 'help signed-out', 'aria-labelledby': 'signed-out-title' },
    el(
      'div',
      { class: 'help__body' },
      el('h2', { class: 'help__title', id: 'signed-out-title' }, 'You are signed out'),
      el(
        'p',
        {},
        'Your session ended or its token was revoked. Sign in again to load more; ' +
          'this view is kept.',
      ),
      el(
        'div',
        { class: 'help__foot' },
        el(
          'button',
          { class: 'button', type: 'button', onClick: () => dialog.close() },
          'Keep viewing',
        ),
        again,
      ),
    ),
  );
  root.append(dialog);

  return {
    open() {
      if (dialog.open) return;
      again.setAttribute('href', signInAddress());
      dialog.showModal();
      again.focus();
    },
    destroy: () => dialog.remove(),
  };
}
