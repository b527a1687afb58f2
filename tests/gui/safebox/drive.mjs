// A citizen's session in real Chromium against a live host: open a box, fetch data, see a request,
// choose and sign, be traced, revoke; wrong passphrase and refusal on the way.
// usage: node drive.mjs <url> <people.json> <quancheng> <bank profile> <pictures folder> <page modules>
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';

const [url, peopleFile, quancheng, bankProfile, pictures, modules] = process.argv.slice(2);
const people = JSON.parse(readFileSync(peopleFile, 'utf8'));
const [person, child] = [people[1], people[4]];  // with records everywhere; the story played the first
mkdirSync(pictures, { recursive: true });

const bank = (...args) => {
  try {
    return JSON.parse(execFileSync(quancheng, ['bank', ...args, '--profile', bankProfile, '--url', url, '--json'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  } catch (error) {
    return { exit: error.status, text: `${error.stdout}${error.stderr}` };
  }
};

const { checkNotice, noticeText } = await import(join(modules, 'notice.js'));
const { generateKey, jwkOf, jwsOpen, jwsSign, signerOf, sm3 } = await import(join(modules, 'jose.js'));

// What a member signed before it changed its key is still its own; a stranger's never is.
const [earlier, present, stranger] = [generateKey(), generateKey(), generateKey()];
const member = { jwk: jwkOf(present), retired_keys: [jwkOf(earlier)] };
for (const key of [earlier, present]) {
  const signed = jwsSign(key, { a: 1 }, 't+jws');
  assert.deepEqual(jwsOpen(signerOf(member, signed), signed, 't+jws'), { a: 1 });
}
const foreign = jwsSign(stranger, { a: 1 }, 't+jws');
assert.throws(() => jwsOpen(signerOf(member, foreign), foreign, 't+jws'), /jws\.bad_signature/);

// The notice is written from what is shown: whoever changes a word of either is found out.
const consumer = { name_zh: '示范银行', uscc: '91370100M00000001X', contact: '0531-12345' };
const asked = {
  product: 'loan', product_version: 2, purpose: { text: '审批', code: 'credit.assessment', necessity: '核验', impact: '结果' },
  scope: [{ item: 'ga.hukou', version: 1, required: ['birth_date', 'hukou_status'], optional: [] }],
  release: 'answer', valid: { from: 1767225600, to: 1767312000 }, max_uses: 1, data_life_days: 180,
};
asked.notice = { id: 'qc-notice-1', lang: 'zh', sm3: Buffer.from(sm3(Buffer.from(noticeText(asked, consumer)))).toString('hex') };
assert.match(checkNotice(asked, consumer), /^信息: ga\.hukou 版本 1 必需\[birth_date, hukou_status\] 可选\[\]$/m);
assert.match(checkNotice(asked, consumer), /^有效期: 2026-01-01T00:00:00Z 至 2026-01-02T00:00:00Z,最多使用 1 次$/m);
for (const change of [{ product_version: 3 }, { release: 'fields' }, { max_uses: 2 }, { data_life_days: 181 },
  { valid: { from: 1767225600, to: 1767312001 } }, { purpose: { ...asked.purpose, impact: '' } },
  { scope: [{ ...asked.scope[0], optional: ['address'] }] }, { notice: { ...asked.notice, lang: 'en' } }]) {
  assert.throws(() => checkNotice({ ...asked, ...change }, consumer), /verify\.notice_mismatch/, JSON.stringify(change));
}
assert.throws(() => checkNotice(asked, { ...consumer, contact: '0531-12346' }), /verify\.notice_mismatch/);

// Fields are the dictionary's own, in the version asked for; otherwise nothing is signed.
const { checkAsset, checkChoice, checkScope } = await import(join(modules, 'fields.js'));
const hukou = { item: 'ga.hukou', version: 1, fields: [{ id: 'name' }, { id: 'address' }] };
const dictionary = new Map([['ga.hukou 1', hukou]]);
const entry = { item: 'ga.hukou', version: 1, required: ['name'], optional: ['address'] };
checkScope(dictionary, [entry]);
for (const [change, code] of [[{ item: 'ga.other' }, 'unknown_item'], [{ version: 2 }, 'unknown_item'],
  [{ required: ['name', 'blood_type'] }, 'unknown_field'], [{ optional: ['constructor'] }, 'unknown_field'],
  [{ optional: ['name'] }, 'unknown_field']]) {
  assert.throws(() => checkScope(dictionary, [{ ...entry, ...change }]), { code: `verify.${code}` }, JSON.stringify(change));
}
assert.throws(() => checkScope(dictionary, [entry, entry]), { code: 'verify.unknown_field' });
const listed = { asset: 'a1', item: 'ga.hukou', version: 1, fields: ['name', 'address'] };
const mine = { account: 'p-1', chain: 'c', issuer: 'ga' };
const claims = { sub: 'p-1', asset: 'a1', chain: 'c', iss: 'ga', vct: 'qc:item:ga.hukou:1' };
const held = { address: 'x', name: 'y' };
checkAsset(dictionary, listed, { claims, fields: held }, mine);
for (const name of Object.keys(claims)) {
  assert.throws(() => checkAsset(dictionary, listed, { claims: { ...claims, [name]: 'other' }, fields: held }, mine),
    { code: 'asset.mismatch' }, name);
}
assert.throws(() => checkAsset(dictionary, listed, { claims, fields: { name: 'y' } }, mine), { code: 'verify.wrong_fields' });
assert.throws(() => checkAsset(dictionary, listed, { claims, fields: { ...held, blood_type: 'A' } }, mine),
  { code: 'verify.unknown_field', field: 'ga.hukou.blood_type' });
const box = { ...listed, fields: held };
checkChoice(entry, ['name'], box);
for (const [fields, asset, code] of [[['name', 'blood_type'], box, 'verify.unknown_field'], [['address'], box, 'verify.missing_field'],
  [['name'], { ...box, fields: { address: 'x' } }, 'verify.missing_field'], [['name'], { ...box, version: 2 }, 'asset.mismatch'],
  [['name'], { ...box, item: 'ga.id_card' }, 'asset.mismatch']]) {
  assert.throws(() => checkChoice(entry, fields, asset), { code }, JSON.stringify([fields, asset]));
}
// Under a standing grant no presentation would find it out: the wallet itself signs nothing then.
const { Wallet } = await import(join(modules, 'wallet.js'));
const wallet = new Wallet();
let signatures = 0;
Object.assign(wallet, { account: 'p-1', signer: { transaction: () => { ++signatures; return 'tx'; }, post: async () => ({}) } });
const standing = { entry: { pseudonym: 'x' }, consumer, request: { ...asked, scope: [entry], mode: 'standing' } };
const give = (fields) => wallet.approve(standing, { 'ga.hukou': ['name'] }, new Set(), [{ ...box, fields }]);
await assert.rejects(give({ address: 'x' }), { code: 'verify.missing_field' });
assert.equal(signatures, 0);
await give(held);
assert.equal(signatures, 1);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(60000);
  const failures = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  page.on('dialog', (dialog) => dialog.accept());
  const sent = [];
  page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
  const shot = (name) => page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  const settled = () => page.waitForFunction(() => !document.body.classList.contains('busy'));
  const open = async (tab) => { await page.click(`#tab-${tab}`); await settled(); };

  await page.goto(url);
  await page.waitForSelector('#create');
  await shot('1-open');
  const fill = async (form) => {
    await page.fill('#name', form.name);
    await page.fill('#id_no', form.id_no);
    await page.fill('#card_valid_to', form.card_valid_to);
    await page.fill('#passphrase', 'correct horse battery');
    await page.click('#create button.main');
    await settled();
  };
  await fill({ ...person, name: '查无此人' });  // a name that is not this number's
  await page.waitForSelector('.note.bad');
  assert.ok(await page.isVisible('#create'), 'nobody is let in under a wrong name');
  await fill(person);
  await page.waitForSelector('#tab-home');

  const wanted = ['ga.hukou', 'gjj.account', 'rs.contribution', 'rs.employment'];
  for (const item of wanted) {
    await page.click(`[data-fetch="${item}"]`);
    await page.waitForSelector(`[data-item="${item}"] dl`);
    await settled();
  }
  assert.match(await page.textContent('[data-item="ga.hukou"]'), new RegExp(person.name));
  await shot('2-home');

  const account = await page.evaluate(() => JSON.parse(localStorage.getItem('quancheng.safebox.v1')).account);
  const ask = () => {
    const answer = bank('request', '--product', 'citizen_loan', '--subject', account);
    assert.ok(answer.request, JSON.stringify(answer));
    return answer.request;
  };
  const refused = ask();
  await open('requests');
  await page.click(`[data-view="${refused}"]`);
  await page.waitForSelector('#consent');
  assert.equal(await page.isChecked('[data-field="rs.employment.employer"]'), false, 'nothing is ticked beforehand');
  await page.click('#refuse');
  await settled();
  await page.waitForSelector(`[data-request="${refused}"] .state.rejected`);

  const request = ask();
  await open('requests');
  await page.click(`[data-view="${request}"]`);
  await page.waitForSelector('#consent');
  await page.check('[data-field="rs.employment.employer"]');
  assert.equal(await page.locator('[data-separate]:checked').count(), 0, 'no separate consent is given beforehand');
  const consents = await page.locator('[data-separate]').count();
  assert.equal(consents, 4);
  for (let i = 0; i < consents; ++i) {
    assert.ok(await page.isDisabled('#approve'), 'all separate consents are needed');
    await page.locator('[data-separate]').nth(i).check();
  }
  await page.click('#consent summary');
  await shot('3-consent');
  assert.match(await page.textContent('#consent pre'), /^个人信息处理告知书/);
  await page.click('#approve');
  await settled();
  await page.waitForSelector(`[data-request="${request}"] .state.granted`);

  const decided = bank('decide', '--request', request);
  assert.ok(decided.decision ?? decided.outcome, JSON.stringify(decided).slice(0, 400));

  // The host never saw a value of the person's: nothing sent holds one in the clear.
  for (const secret of [person.name, person.id_no]) {
    assert.ok(!sent.some((text) => text.includes(secret)), 'a value left the page in the clear');
  }

  const second = ask();
  await open('requests');
  await page.click(`[data-view="${second}"]`);
  await page.waitForSelector('#consent');
  for (const box of await page.locator('[data-separate]').all()) await box.check();
  await page.click('#approve');
  await settled();
  await open('grants');
  await shot('4-grants');
  await page.click('[data-revoke]');
  await page.waitForSelector('.state.revoked');
  const late = bank('decide', '--request', second);
  assert.match(JSON.stringify(late), /grant\.revoked/);

  await open('history');
  await page.waitForSelector('#all-verified');
  assert.equal(await page.locator('.state.bad').count(), 0, 'every receipt holds');
  assert.ok(await page.locator('[data-op="access.refuse"]').count() === 1, 'the refused access is traced');
  const told = await page.locator('[data-op] h2').allTextContents();
  assert.ok(told.every((text) => /[\u4e00-\u9fff]/.test(text) && !/[a-z]+\.[a-z_]+/.test(text)), told.join('\n'));
  assert.match(await page.textContent('[data-op="access.refuse"] h2'), /授权已撤销/);
  await shot('5-history');

  // A standing grant: the screen says that it is one, how often and until when; nothing is handed over
  // beforehand, each look is in the history, and the person's word ends it.
  const watch = bank('request', '--product', 'loan_watch', '--subject', account, '--uses', '30').request;
  const askedFor = async () => { await open('requests'); await page.click(`[data-view="${watch}"]`); await page.waitForSelector('#consent'); };
  const term = (name) => page.textContent(`#consent dt:text-is("${name}") + dd`);
  await askedFor();
  const until = await term('授权期限');
  assert.match(until, /^\d{4}\/\d{1,2}\/\d{1,2} – \d{4}\/\d{1,2}\/\d{1,2}$/);
  assert.equal(await term('产品'), '贷后关注 (loan_watch · 1)', 'by its name, and as it is signed');
  assert.match(await term('授权方式'), /^持续/);
  assert.equal(await term('使用次数'), '最多 30 次');
  assert.equal(await term('每次使用'), '由部门按当时的记录重新出具');
  const [no, yes] = await Promise.all(['#refuse', '#approve'].map((id) => page.locator(id).boundingBox()));
  assert.deepEqual([no.width, no.height, no.y], [yes.width, yes.height, yes.y], 'refusing is as easy as agreeing');
  await shot('11-standing');
  await page.click('#lang');
  await settled();
  await askedFor();
  assert.equal(await term('Product'), 'Loan Watch (loan_watch · 1)');
  assert.match(await term('Kind of grant'), /^Standing/);
  assert.equal(await term('Uses'), 'at most 30 times');
  assert.match(await term('Each time'), /^Issued afresh by the department/);
  assert.match(await term('Valid'), /\d{4} – .*\d{4}$/);
  await shot('12-standing-en');
  await page.click('#lang');
  await settled();
  await askedFor();
  for (const box of await page.locator('[data-separate]').all()) await box.check();
  const before = sent.length;
  await page.click('#approve');
  await settled();
  await page.waitForSelector(`[data-request="${watch}"] .state.granted`);
  const granting = JSON.parse(sent.slice(before).find((text) => text.includes('/v1/grants {')).replace(/^\S+ /, ''));
  assert.deepEqual(granting.presentations, [], 'nothing of today is handed over');
  const body = JSON.parse(Buffer.from(granting.tx.split('.')[1], 'base64url')).body;
  assert.deepEqual([body.mode, body.max_uses], ['standing', 30]);
  for (const one of body.scope) assert.equal(one.presentation_sm3, '');
  const [looked] = bank('monitor', '--product', 'loan_watch').ran.filter((one) => one.grant === body.grant);
  assert.ok(looked?.verified, 'the look that is due at once');
  assert.ok(bank('decide', '--grant', body.grant).decision, 'and another');
  const looks = async () => {
    await open('history');
    await page.waitForSelector('#all-verified');
    return page.locator('[data-op="access.release"]').count();
  };
  const released = await looks();
  assert.ok(bank('decide', '--grant', body.grant).decision);
  assert.equal(await looks(), released + 1, 'the person sees each access');
  await shot('13-standing-history');
  await open('grants');
  assert.match(await page.textContent(`[data-grant="${body.grant}"] h2`), /· 贷后关注$/);
  assert.match(await page.textContent(`[data-grant="${body.grant}"]`), /已用 3\/30/);
  await page.click(`[data-revoke="${body.grant}"]`);
  await page.waitForSelector(`[data-grant="${body.grant}"] .state.revoked`);
  assert.match(JSON.stringify(bank('decide', '--grant', body.grant)), /grant\.revoked/);
  assert.equal(await looks(), released + 1, 'after that there is none');

  // A guardian opens the child's box on the same device and consents for the child.
  await open('roles');
  await page.click('#open-other summary');
  await page.fill('#other-name', child.name);
  await page.fill('#other-id_no', child.id_no);
  await page.fill('#other-card_valid_to', child.card_valid_to);
  await page.click('#other button.main');
  await page.waitForFunction(() => document.getElementById('opened')?.textContent.startsWith('p-'));
  await settled();
  const ward = await page.textContent('#opened');
  assert.equal(await page.locator('[data-role]').count(), 0, 'a box alone gives nobody a role');
  const attested = join(pictures, 'guardianship.json');
  const as = (member) => ['--profile', join(dirname(bankProfile), `${member}.json`), '--url', url, '--json'];
  const mandate = (member, ...args) => JSON.parse(execFileSync(quancheng, ['mandate', ...args, ...as(member)], { encoding: 'utf8' }));
  mandate('ga', 'attest-guardianship', '--guardian', account, '--ward', ward, '--out', attested);
  const appointed = mandate('registrar', 'appoint-guardian', '--file', attested).mandate;
  await open('roles');
  await shot('8-roles');
  await page.click(`[data-act="${ward}"]`);
  await page.waitForSelector('#acting');
  await open('home');
  for (const item of wanted) {
    await page.click(`[data-fetch="${item}"]`);
    await page.waitForSelector(`[data-item="${item}"] dl`);
    await settled();
  }
  assert.match(await page.textContent('[data-item="ga.hukou"]'), new RegExp(child.name));
  const forChild = bank('request', '--product', 'citizen_loan', '--subject', ward).request;
  await open('requests');
  await page.click(`[data-view="${forChild}"]`);
  await page.waitForSelector('#consent');
  assert.equal(await page.locator('[data-separate="minor"]').count(), 1, 'the guardian consents apart');
  for (const box of await page.locator('[data-separate]').all()) await box.check();
  await shot('9-guardian-consent');
  await page.click('#approve');
  await settled();
  await page.waitForSelector(`[data-request="${forChild}"] .state.granted`);
  assert.ok(bank('decide', '--request', forChild).decision, 'the guardian\'s consent is used');
  await open('history');
  await page.waitForSelector('#all-verified');
  assert.match(await page.textContent('[data-op="grant.create"] h2'), /^监护人代为授权/);
  assert.match(await page.textContent('[data-op="grant.create"]'), /本人/);
  await shot('10-child-history');
  mandate('registrar', 'end-guardianship', appointed, '--reason', '成年');
  assert.match(JSON.stringify(bank('decide', '--request', forChild)), /grant\.revoked/);
  await open('roles');
  await page.waitForSelector('[data-role] .state.bad');
  await page.click('#act-self');
  await settled();
  assert.equal(await page.locator('#acting').count(), 0);
  assert.ok(await page.isDisabled(`[data-act="${ward}"]`), 'what has ended gives no role');
  await open('history');
  await page.waitForSelector('#all-verified');

  await page.click('#lang');
  await settled();
  await page.waitForSelector('#all-verified');
  await shot('6-history-en');
  assert.equal(await page.textContent('#tab-home'), 'My data');
  await page.click('#lock');
  await page.fill('#passphrase', 'wrong passphrase');
  await page.click('#unlock button.main');
  await page.waitForSelector('.note.bad');
  await page.fill('#passphrase', 'correct horse battery');
  await page.click('#unlock button.main');
  await page.waitForSelector('#tab-home');
  await settled();
  await page.setViewportSize({ width: 390, height: 844 });
  await open('history');
  await shot('7-phone-en');
  const crossed = await page.evaluate(() => [...document.querySelectorAll('.card.line')].filter((card) => {
    const [text, pill] = ['div', '.state'].map((one) => card.querySelector(one).getBoundingClientRect());
    return text.right > innerWidth || pill.right > innerWidth || (text.right > pill.left && text.bottom > pill.top);
  }).length);
  assert.equal(crossed, 0, 'nothing is cut off or crosses on a phone');
  assert.deepEqual(failures, []);
  console.log('page session passed');
} finally {
  await browser.close();
}
