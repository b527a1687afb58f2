// What the citizen sees once the box is open.
import { act } from './act.js';
import { h, put } from './dom.js';
import { day, fieldName, fieldType, moment, named, value } from './format.js';
import { lang, refusalText, stateText, t } from './strings.js';

const empty = (id) => h('p', { class: 'empty' }, t(id));
const row = (label, content) => h('div', { class: 'row' }, h('dt', {}, label), h('dd', {}, content));

function assetCard(wallet, definition, asset, again) {
  const department = wallet.departmentOf(definition.item);
  const fetchButton = h('button', {
    class: asset ? 'plain' : 'main', 'data-fetch': definition.item,
    onclick: () => act(async () => { await wallet.fetchItem(definition.item); again(); }),
  }, asset ? t('refresh') : t('fetch'));
  return h('article', { class: 'card', 'data-item': definition.item },
    h('h2', {}, named(definition)),
    h('p', { class: 'quiet' }, `${t('issued_by')} ${named(department)}`),
    asset
      ? [h('dl', {}, definition.fields.map((field) =>
          row(fieldName(definition, field.id), value(field.type, asset.fields[field.id])))),
        h('p', { class: 'quiet' }, `${t('as_of')} ${day(asset.as_of)} · ${t('expires')} ${day(asset.expires)}`)]
      : h('p', { class: 'quiet' }, t('not_fetched')),
    fetchButton);
}

export async function homeView(main, wallet, again) {
  const assets = await wallet.assets();
  const kind = wallet.account.startsWith('e-') ? 'enterprise' : 'person';
  const definitions = [...wallet.items.values()].filter((item) => item.subjects.includes(kind));
  const served = definitions.filter((item) => wallet.plugins.some((p) => p.state === 'active' && p.items.includes(item.item)));
  put(main, h('div', { class: 'grid' }, served.map((definition) =>
    assetCard(wallet, definition, assets.find((asset) => asset.item === definition.item), again))));
}

/** One item of a request: required fields stand, optional ones are for the person to tick. */
function itemChoice(wallet, wanted, asset, chosen) {
  const definition = wallet.items.get(wanted.item);
  const held = (id) => Object.keys(asset?.fields ?? {}).includes(id);
  const shown = (id) => (held(id) ? value(fieldType(definition, id), asset.fields[id]) : '—');
  const required = wanted.required.map((id) => row(fieldName(definition, id), shown(id)));
  const optional = wanted.optional.map((id) => h('label', { class: 'choice' },
    h('input', {
      type: 'checkbox', disabled: !held(id), 'data-field': `${wanted.item}.${id}`,
      onchange: (event) => {
        const set = new Set(chosen[wanted.item]);
        if (event.target.checked) set.add(id); else set.delete(id);
        chosen[wanted.item] = [...set];
      },
    }), h('span', {}, fieldName(definition, id)), h('b', {}, shown(id))));
  chosen[wanted.item] = [...wanted.required];
  return h('section', {}, h('h3', {}, named(definition)),
    !asset && h('p', { class: 'note warn' }, t('missing_item')),
    required.length > 0 && [h('p', { class: 'quiet' }, t('required')), h('dl', {}, required)],
    optional.length > 0 && [h('p', { class: 'quiet' }, t('optional')), h('div', { class: 'choices' }, optional)]);
}

/** The consents that the law wants apart: none is ticked beforehand, and all are needed to agree. */
function separateChoices(consent, given, changed) {
  return h('section', {}, h('h3', {}, t('separate')),
    h('div', { class: 'choices' }, consent.separate.map((name) => h('label', { class: 'choice' },
      h('input', {
        type: 'checkbox', 'data-separate': name,
        onchange: (event) => {
          if (event.target.checked) given.add(name); else given.delete(name);
          changed();
        },
      }), h('span', {}, t(name))))));
}

/** By its name in the catalogue; one that the catalogue does not have, by its id. */
const productName = (wallet, product) => named(wallet.products.get(product)) || product;

/** The id and version stand beside the name: these are what is signed. */
function terms(wallet, { request }) {
  return h('dl', {},
    row(t('product'), `${productName(wallet, request.product)} (${request.product} · ${request.product_version})`),
    row(t('purpose'), request.purpose.text), row(t('necessity'), request.purpose.necessity),
    row(t('impact'), request.purpose.impact),
    row(t('valid'), `${day(request.valid.from)} – ${day(request.valid.to)}`),
    row(t('mode'), t(request.mode === 'standing' ? 'mode_standing' : 'mode_once')),
    row(t('uses'), `${t('at_most')} ${request.max_uses} ${t('times')}`), row(t('data_life'), `${request.data_life_days} ${t('days')}`),
    ...(request.mode === 'standing' ? [row(t('each_time'), t('issued_afresh'))] : []));
}

async function consentScreen(main, wallet, entry, again) {
  const consent = await wallet.consent(entry);
  const { request, consumer } = consent;
  const assets = await wallet.assets();
  const chosen = {};
  const given = new Set();
  const choices = request.scope.map((wanted) =>
    itemChoice(wallet, wanted, wallet.assetFor(assets, wanted), chosen));
  const lacking = request.scope.some((wanted) => {
    const fields = Object.keys(wallet.assetFor(assets, wanted)?.fields ?? {});
    return wanted.required.some((id) => !fields.includes(id));
  });
  const why = h('p', { class: 'quiet', id: 'why' });
  const approve = h('button', {
    id: 'approve', class: 'equal',
    onclick: () => act(async () => { await wallet.approve(consent, chosen, given, assets); again(); }),
  }, t('approve'));
  const changed = () => {
    const missing = given.size < consent.separate.length;
    approve.disabled = lacking || missing;
    why.textContent = lacking ? t('why_lacking') : missing ? t('why_separate') : '';
  };
  changed();
  await wallet.present(consent);
  put(main, h('article', { class: 'card wide', id: 'consent' },
    h('h1', {}, `${named(consumer)} ${t('asks_for')}`),
    h('p', { class: 'quiet mono' }, `${consumer.uscc} ${consumer.contact}`),
    terms(wallet, consent),
    h('p', { class: 'note' }, request.release === 'answer' ? t('release_answer') : t('release_fields')),
    choices, separateChoices(consent, given, changed),
    h('details', {}, h('summary', {}, t('notice')), h('pre', { lang: 'zh-CN' }, consent.notice)),
    h('div', { class: 'buttons' },
      h('button', { id: 'refuse', class: 'equal', onclick: () => act(async () => { await wallet.refuse(request.request, 'declined'); again(); }) }, t('refuse')),
      approve),
    why));
}

export async function requestsView(main, wallet, again) {
  const requests = (await wallet.requests()).reverse();
  put(main, requests.length === 0 ? empty('no_requests') : requests.map((entry) => {
    const waiting = entry.state === 'REQUESTED' || entry.state === 'PRESENTED';
    return h('article', { class: 'card line', 'data-request': entry.request },
      h('div', {}, h('h2', {}, `${named(entry.consumer)} · ${productName(wallet, entry.body.product)}`), h('p', { class: 'quiet' }, entry.body.purpose.text)),
      h('span', { class: `state ${entry.state.toLowerCase()}` }, stateText(entry.state)),
      waiting && h('button', { class: 'main', 'data-view': entry.request, onclick: () => act(() => consentScreen(main, wallet, entry, again)) }, t('view')));
  }));
}

export async function grantsView(main, wallet, again) {
  const grants = (await wallet.grants()).reverse();
  put(main, grants.length === 0 ? empty('no_grants') : grants.map((entry) => {
    const { body } = entry;
    const fields = body.scope.flatMap((one) => one.fields.map((id) => fieldName(wallet.items.get(one.item), id)));
    const live = entry.state === 'ACTIVE' || entry.state === 'PAUSED';
    return h('article', { class: 'card line', 'data-grant': entry.grant },
      h('div', {}, h('h2', {}, `${named(wallet.members.get(body.consumer.account))} · ${productName(wallet, body.consumer.product)}`),
        h('p', { class: 'quiet' }, fields.join(lang() === 'zh' ? '、' : ', ')),
        h('p', { class: 'quiet' }, `${t('used')} ${entry.uses}/${body.max_uses} · ${t('expires')} ${day(body.valid.to)}`)),
      h('span', { class: `state ${entry.state.toLowerCase()}` }, stateText(entry.state)),
      live && h('button', { class: 'danger', 'data-revoke': entry.grant, onclick: () => {
        if (confirm(t('revoke_confirm'))) act(async () => { await wallet.revoke(entry.grant, 'withdrawn'); again(); });
      } }, t('revoke')));
  }));
}

/** Who did it, as the person knows them. */
const actorText = (wallet, actor) => (actor === wallet.self.account ? t('me') : actor === 'host' ? t('the_host')
  : actor === wallet.account ? t('the_box') : named(wallet.members.get(actor)) || actor);

/** What happened in one sentence; a refusal ends with its reason in words. */
const eventText = ({ op, summary }) => {
  const text = (lang() === 'zh' ? summary.text_zh : summary.text_en) ?? op;
  return summary.code ? text.replace(summary.code, refusalText(summary.code)) : text;
};

export async function historyView(main, wallet) {
  const events = await wallet.history();
  if (events.length === 0) return put(main, empty('no_history'));
  const all = events.every((event) => event.verified);
  return put(main,
    all && h('p', { class: 'note good', id: 'all-verified' }, `${events.length} ${t('total_verified')}`),
    events.map((event) => h('article', { class: 'card line', 'data-op': event.op },
      h('div', {}, h('h2', {}, eventText(event)),
        h('p', { class: 'quiet' }, `${moment(event.time_ms)} · ${actorText(wallet, event.actor)}`),
        h('p', { class: 'quiet mono' }, `${event.op} #${event.index} ${event.tx.slice(0, 12)}…`)),
      h('span', { class: event.verified ? 'state good' : 'state bad' }, event.verified ? `✓ ${t('verified')}` : `✗ ${t('unverified')}`))));
}

function roleCard(wallet, role, again) {
  const acting = wallet.actor && wallet.account === role.account;
  const live = role.state === 'ACTIVE';
  const why = !live ? stateText(role.state) : role.secret ? '' : t('box_elsewhere');
  return h('article', { class: 'card line', 'data-role': role.account },
    h('div', {}, h('h2', {}, t(`role_${role.role}`)), h('p', { class: 'quiet mono' }, role.account),
      h('p', { class: 'quiet' }, [role.until ? `${t('expires')} ${day(role.until)}` : '', why].filter(Boolean).join(' · '))),
    acting ? h('span', { class: live ? 'state active' : 'state bad' }, live ? t('acting') : stateText(role.state))
      : h('button', { class: 'main', 'data-act': role.account, disabled: !live || !role.secret,
        onclick: () => act(() => { wallet.actAs(role); again(); }) }, t('act_as')));
}

/** Myself, my child, my enterprise: whose box is open, and in whose name the person signs. */
export async function rolesView(main, wallet, again) {
  const roles = await wallet.roles();
  put(main,
    h('article', { class: 'card line' },
      h('div', {}, h('h2', {}, t('myself')), h('p', { class: 'quiet mono' }, wallet.self.account)),
      wallet.actor ? h('button', { class: 'main', id: 'act-self', onclick: () => act(() => { wallet.actAs(null); again(); }) }, t('act_as'))
        : h('span', { class: 'state active' }, t('acting'))),
    roles.map((role) => roleCard(wallet, role, again)),
    h('details', { id: 'open-other' }, h('summary', {}, t('open_other')), h('p', { class: 'quiet' }, t('open_other_text')),
      openOtherForm(wallet, again)));
}

function openOtherForm(wallet, again) {
  const input = (id, props = {}) => h('label', { for: `other-${id}` }, t(id),
    h('input', { id: `other-${id}`, name: id, required: true, autocomplete: 'off', ...props }));
  return h('form', { id: 'other', onsubmit: (event) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.target));
    act(async () => {
      const account = await wallet.createFor({ idNo: form.id_no.trim().toUpperCase(), name: form.name.trim(), cardValidTo: form.card_valid_to });
      await rolesView(main(), wallet, again);
      document.getElementById('opened').textContent = account;
    });
  } },
  input('name', { maxlength: '40' }), input('id_no', { pattern: '[0-9]{17}[0-9Xx]', maxlength: '18', inputmode: 'latin' }),
  input('card_valid_to', { type: 'date' }), h('button', { class: 'main' }, t('create')), h('p', { class: 'quiet mono', id: 'opened' }));
}
const main = () => document.getElementById('main');
