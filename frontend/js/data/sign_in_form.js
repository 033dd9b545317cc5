/**
 * The form works without this; here a token that came in the address is sent and taken out of it.
 */

import { takeToken } from './sign_in.js';

document.querySelector('.unstarted__help')?.remove();
const token = takeToken();
const form = document.querySelector('form');
const field = document.querySelector('input');
if (token !== null && form && field) {
  field.value = token;
  form.requestSubmit();
}
