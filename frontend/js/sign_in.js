/** Signing in: where the form is, and a token that an address brings along. */

const NAME = 'token';

/** Return the token of an address such as “…/#token=…”, and take it out of the address at once; null if there is none. */
export function takeToken() {
  if (!location.hash.startsWith(`#${NAME}=`)) return null;
  const token = new URLSearchParams(location.hash.slice(1)).get(NAME);
  history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  return token;
}

/**
 * The address of the form, which leads back to the present view.
 *
 * @param {string} [token] that it sends at once
 */
export function signInAddress(token) {
  const address = new URL('login', document.baseURI);
  if (location.search) address.searchParams.set('next', location.search);
  if (token) address.hash = new URLSearchParams({ [NAME]: token }).toString();
  return address.href;
}
