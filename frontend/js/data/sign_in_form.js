/**
 * Submits a token from the address and removes it there; the form itself needs no script.
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
