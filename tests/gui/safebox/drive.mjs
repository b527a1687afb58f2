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
