// One busy state and one place for errors, for everything the person sets off.
import { h, put } from './dom.js';
import { errorText, t } from './strings.js';

export async function act(work) {
  const notice = document.getElementById('notice');
  document.body.classList.add('busy');
  put(notice, h('p', { class: 'note working' }, t('working')));
  try {
    await work();
    put(notice);
  } catch (error) {
    put(notice, h('p', { class: 'note bad', role: 'alert' }, errorText(error)));
  } finally {
    document.body.classList.remove('busy');
  }
}
