// Shell of the page: sign-in and navigation.
import { act } from './act.js';
import { h, put } from './dom.js';
import { errorText, lang, setLang, t } from './strings.js';
import { grantsView, historyView, homeView, requestsView, rolesView } from './views.js';
import { stored, Wallet } from './wallet.js';

const root = document.getElementById('app');
const wallet = new Wallet();
const views = { home: homeView, requests: requestsView, grants: grantsView, history: historyView, roles: rolesView };
let current = 'home';

const header = () => h('header', {},
  h('div', { class: 'brand' }, h('span', { class: 'seal', 'aria-hidden': 'true' }, '泉'),
    h('div', {}, h('strong', {}, t('title')), h('small', {}, `${t('city')} · ${t('slogan')}`))),
  h('div', { class: 'tools' },
    wallet.api.key && h('button', { class: 'plain', id: 'lock', onclick: () => { wallet.lock(); render(); } }, t('lock')),
    h('button', { class: 'plain', id: 'lang', onclick: () => { setLang(lang() === 'zh' ? 'en' : 'zh'); render(); } },
      lang() === 'zh' ? 'English' : '中文')));

const input = (id, props = {}) =>
  h('label', { for: id }, t(id), h('input', { id, name: id, required: true, autocomplete: 'off', ...props }));

const values = (form) => Object.fromEntries(new FormData(form));

function createForm() {
  return h('form', {
    class: 'card narrow', id: 'create',
    onsubmit: (event) => {
      event.preventDefault();
      const form = values(event.target);
      act(async () => {
        await wallet.create({ idNo: form.id_no.trim().toUpperCase(), name: form.name.trim(), cardValidTo: form.card_valid_to, passphrase: form.passphrase });
        render();
      });
    },
  },
  h('h1', {}, t('open_title')), h('p', { class: 'quiet' }, t('open_text')),
  input('name', { maxlength: '40' }), input('id_no', { pattern: '[0-9]{17}[0-9Xx]', maxlength: '18', inputmode: 'latin' }),
  input('card_valid_to', { type: 'date' }), input('passphrase', { type: 'password', minlength: '8' }),
  h('button', { class: 'main' }, t('create')));
}

function unlockForm() {
  return h('form', {
    class: 'card narrow', id: 'unlock',
    onsubmit: (event) => {
      event.preventDefault();
      const { passphrase } = values(event.target);
      act(async () => { wallet.unlock(passphrase); render(); });
    },
  },
  h('h1', {}, t('unlock_title')), h('p', { class: 'quiet mono' }, stored().account),
  input('passphrase', { type: 'password' }), h('button', { class: 'main' }, t('unlock')));
}

const tabs = () => h('nav', {}, Object.keys(views).map((name) => h('button', {
  id: `tab-${name}`, class: name === current ? 'tab current' : 'tab', 'aria-current': name === current ? 'page' : 'false',
  onclick: () => { current = name; render(); },
}, t(name))));

function render() {
  document.title = `${t('title')} · ${t('city')}`;
  const main = h('main', { id: 'main' });
  const acting = wallet.actor && h('p', { class: 'note warn', id: 'acting', role: 'status' },
    `${t('acting_for')} ${t(`role_${wallet.actor.role}`)} · `, h('span', { class: 'mono' }, wallet.account));
  put(root, header(), wallet.api.key && tabs(), acting, h('div', { id: 'notice', 'aria-live': 'polite' }), main);
  if (!wallet.api.key) {
    put(main, stored() ? unlockForm() : createForm());
    return;
  }
  act(() => views[current](main, wallet, render));
}

setLang(lang());
wallet.connect().then(render).catch((error) => {
  put(root, header(), h('main', {}, h('p', { class: 'note bad', role: 'alert' }, errorText(error))));
});
