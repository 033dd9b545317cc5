/**
 * Signing in and out: the address of the form, a token in the address, and the end of a session.
 */

const NAME = 'token';

/**
 * Return the token of an address such as “…/#token=…” and remove it from the address; null without
 * one.
 */
export function takeToken() {
  if (!location.hash.startsWith(`#${NAME}=`)) return null;
  const token = new URLSearchParams(location.hash.slice(1)).get(NAME);
  history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  return token;
}

/**
 * The address of the form, which leads back to the present view.
 *
 * @param {string | null} [token] that it sends at once
 */
export function signInAddress(token = null) {
  const address = new URL('login', document.baseURI);
  if (location.search) address.searchParams.set('next', location.search);
  if (token) address.hash = new URLSearchParams({ [NAME]: token }).toString();
  return address.href;
}

/**
 * Wrap `ask` and report when the session is no longer valid.
 *
 * @param {typeof fetch} ask
 * @param {(wasIn: boolean) => void} onSignedOut gets whether the session was valid before
 * @returns {typeof fetch}
 */
export function watchSignIn(ask, onSignedOut) {
  let wasSignedIn = false;
  return async (...parts) => {
    const answer = await ask(...parts);
    if (answer.ok) wasSignedIn = true;
    else if (answer.status === 401) onSignedOut(wasSignedIn);
    return answer;
  };
}

/** End the session, remove the user's texts from this tab, and go to the form. */
export async function signOut() {
  await fetch(new URL('logout', document.baseURI), { method: 'POST' });
  clearTab();
  location.assign(signInAddress());
}

/** Remove what the page keeps in this tab, which somebody else may use next. */
function clearTab() {
  try {
    for (const name of Object.keys(sessionStorage))
      if (name.startsWith('attentionviz.')) sessionStorage.removeItem(name);
  } catch {
    // Where storage is disabled, nothing is kept.
  }
}
