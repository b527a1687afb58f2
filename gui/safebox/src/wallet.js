// The citizen's side of every flow. The private key lives here and, sealed, in the browser's store.
import { Api } from './api.js';
import { hex, randomId, unbase64url, utf8 } from './bytes.js';
import { checkAsset, checkChoice, checkScope, versionOf } from './fields.js';
import { commitment, generateKey, jweDecrypt, jweEncrypt, jwkOf, jwsOpen, jwsSign, keyOf, seal, signerOf, sm3, unseal } from './jose.js';
import { checkNotice } from './notice.js';
import { receiptHolds } from './proof.js';
import { open, present } from './sdjwt.js';

const STORE = 'quancheng.safebox.v1';
/** Boxes of others on this device, their secrets encrypted to the own key. */
const OTHERS = 'quancheng.safebox.others.v1';
const now = () => Math.floor(Date.now() / 1000);

export const stored = () => JSON.parse(localStorage.getItem(STORE) ?? 'null');
const others = () => JSON.parse(localStorage.getItem(OTHERS) ?? '[]');

export class Wallet {
  constructor() {
    this.api = new Api();
    this.members = new Map();
    this.items = new Map();       // the latest version of each
    this.dictionary = new Map();  // every version
    this.products = new Map();
    this.plugins = [];
    this.account = '';
    this.self = null;
    this.actor = null;
  }

  /** Learns the network; a box that is stored pins its chain and host key. */
  async connect() {
    const network = await this.api.get('/v1/network');
    const box = stored();
    const kid = jwkOf(keyOf(network.host_jwk)).kid;
    if (box && (box.chain !== network.chain || box.host_kid !== kid)) throw new Error('client.wrong_network');
    this.api.chain = network.chain;
    this.hostKid = kid;
    const [{ members }, { items }, { products }, { plugins }] = await Promise.all(
      ['/v1/members', '/v1/catalogue/items', '/v1/catalogue/products', '/v1/plugins'].map((path) => this.api.get(path)));
    members.forEach((member) => this.members.set(member.account, member));
    items.forEach((item) => {
      this.items.set(item.item, item);
      this.dictionary.set(versionOf(item), item);
    });
    products.forEach((product) => this.products.set(product.product, product));
    this.plugins = plugins;
    this.api.host = keyOf(network.host_jwk);
  }

  /** The department that proves identity is the one that issues the household register. */
  identityDepartment() {
    const member = [...this.members.values()].find((m) => m.kind === 'department' && m.code === 'ga');
    if (!member) throw new Error('identity.no_department');
    return member;
  }

  departmentOf(item) {
    const code = item.split('.')[0];
    return [...this.members.values()].find((m) => m.kind === 'department' && m.code === code);
  }

  async create({ idNo, name, cardValidTo, passphrase }) {
    const opened = await this.openBox({ idNo, name, cardValidTo });
    localStorage.setItem(STORE, JSON.stringify({ chain: this.api.chain, host_kid: this.hostKid, account: opened.account,
      secret: seal(passphrase, JSON.stringify({ key: opened.key, credential: opened.credential })) }));
    this.begin(opened);
  }

  /** Opens the box of somebody whom the person is to act for: on this device, under a key of its own. */
  async createFor({ idNo, name, cardValidTo }) {
    const { account, key, credential } = await this.openBox({ idNo, name, cardValidTo });
    const secret = jweEncrypt(keyOf(jwkOf(this.self.key)), JSON.stringify({ key, credential }));
    localStorage.setItem(OTHERS, JSON.stringify([...others(), { chain: this.api.chain, account, secret }]));
    return account;
  }

  begin(box) {
    this.self = box;
    this.actAs(null);
  }

  /** Takes a role of roles(), or null for oneself: whose box is open, and in whose name is signed. */
  actAs(role) {
    const box = role ? { account: role.account, ...JSON.parse(jweDecrypt(this.self.key, role.secret)) } : this.self;
    this.actor = role && { role: role.role, account: this.self.account, mandate: role.mandate };
    this.api.key = box.key;
    this.credential = box.credential;
    this.account = box.account;
    this.signer = this.api.as(this.self.key);
  }

  /** For whom the person may act: {role, account, mandate, until, state, secret}; secret is there for a box on this device. */
  async roles() {
    const { mandates, represents } = await this.signer.get('/v1/mandates');
    const boxes = new Map(others().filter((box) => box.chain === this.api.chain).map((box) => [box.account, box.secret]));
    const mine = mandates.filter((one) => one.holder === this.self.account).map((one) => ({
      role: one.role, account: one.subject, mandate: one.mandate, until: one.until, state: one.state }));
    const led = represents.map((account) => ({ role: 'legal_rep', account, mandate: '', until: 0, state: 'ACTIVE' }));
    return [...led, ...mine].map((one) => ({ ...one, secret: boxes.get(one.account) }));
  }

  /** {account, key, credential} of a new box. */
  async openBox({ idNo, name, cardValidTo }) {
    const key = generateKey();
    const jwk = jwkOf(key);
    const api = this.api.as(key);
    const proof = jwsSign(key, { chain: this.api.chain, kid: jwk.kid, iat: now(), nonce: randomId() }, 'qc-identity-proof+jws');
    const claim = jweEncrypt(keyOf(this.identityDepartment().jwk), JSON.stringify(
      { id_no: idNo, name, card_valid_to: cardValidTo, jwk, proof }));
    const opened = await api.post('/v1/accounts:open', { jwk, claim });
    return { account: opened.account, key, credential: JSON.parse(jweDecrypt(key, opened.credential)).sd_jwt };
  }

  unlock(passphrase) {
    const box = stored();
    this.begin({ account: box.account, ...JSON.parse(unseal(passphrase, box.secret)) });
  }

  lock() {
    this.api.key = null;
    this.credential = null;
    this.self = null;
    this.signer = null;
    this.actor = null;
  }

  /** Asks the department for an item; who is asking is told to the department alone. */
  async fetchItem(item) {
    const department = this.departmentOf(item);
    const presentation = present(this.credential, ['id_no'], this.api.key, department.account, `${item}/${randomId()}`);
    const identity = jweEncrypt(keyOf(department.jwk), JSON.stringify({ presentation }));
    return this.api.post('/v1/assets:issue', { item, identity });
  }

  /** The newest live asset of each item, opened and checked. */
  async assets() {
    const { assets } = await this.api.get('/v1/assets');
    const live = assets.filter((asset) => asset.state === 'live');
    return Promise.all(live.map((asset) => this.openAsset(asset)));
  }

  async openAsset(entry) {
    const { jwe } = await this.api.get(`/v1/assets/${entry.asset}`);
    const { sd_jwt: sdJwt, salt } = JSON.parse(jweDecrypt(this.api.key, jwe));
    const department = this.departmentOf(entry.item);
    const opened = open(sdJwt, signerOf(department, sdJwt));
    checkAsset(this.dictionary, entry, opened, { account: this.account, chain: this.api.chain, issuer: department.account });
    return { ...entry, sdJwt, fields: opened.fields, commitment: commitment('qc-asset-1', unbase64url(salt), sdJwt) };
  }

  /** The asset that answers one entry of a request: of the item in the very version asked for. */
  assetFor(assets, wanted) {
    return assets.find((one) => one.item === wanted.item && one.version === wanted.version);
  }

  async requests() { return (await this.api.get('/v1/requests')).requests; }
  async grants() { return (await this.api.get('/v1/grants')).grants; }

  /**
   * What a request asks, as the consumer signed it onto the ledger and not as the host retells it:
   * {request, consumer, notice, separate}; `separate` names the consents that the person gives apart.
   */
  async consent(entry) {
    const { transaction, receipt } = await this.api.get(`/v1/transactions/${entry.tx}`);
    const consumer = this.members.get(entry.consumer.account);
    if (!consumer || !receiptHolds(transaction, receipt, this.api.host, this.api.chain)) {
      throw new Error('receipt.not_included');
    }
    const { op, body: request } = jwsOpen(signerOf(consumer, transaction), transaction, 'qc-tx+jws');
    if (op !== 'request.create' || request.request !== entry.request || request.subject !== this.account) {
      throw new Error('verify.wrong_transaction');
    }
    checkScope(this.dictionary, request.scope);
    const sensitive = request.scope.some((one) => (this.items.get(one.item)?.sensitivity ?? 4) >= 3);
    const separate = ['third_party', ...(sensitive ? ['sensitive', 'adverse_credit_notice'] : []),
      ...(request.release === 'answer' ? ['automated_decision'] : []), ...(this.actor?.role === 'guardian' ? ['minor'] : [])];
    return { entry, request, consumer, separate, notice: checkNotice(request, consumer) };
  }

  /** Records that the notice was shown; from here the person has 15 minutes to decide. */
  async present({ entry, request }) {
    if (entry.state !== 'REQUESTED') return;
    await this.signer.submit('request.open', { request: request.request, notice_sm3: request.notice.sm3 });
    entry.state = 'PRESENTED';
  }

  /** Grants the chosen fields, {item: [field, …]} from `assets`, with the separate consents `given`. */
  async approve({ entry, request, consumer }, chosen, given, assets) {
    const shownAt = now();
    const grant = randomId();
    const presentations = [];
    const scope = [];
    for (const wanted of request.scope.filter((one) => one.required.length > 0 || (chosen[one.item] ?? []).length > 0)) {
      const asset = this.assetFor(assets, wanted);
      if (!asset) throw new Error('asset.not_found');
      const fields = [...(chosen[wanted.item] ?? [])].sort();
      checkChoice(wanted, fields, asset);
      // Under a standing grant the department issues afresh each time: nothing of today is handed over.
      const jwe = request.mode === 'standing' ? ''
        : jweEncrypt(keyOf(request.key), present(asset.sdJwt, fields, this.api.key, consumer.account, grant), 'dc+sd-jwt');
      if (jwe) presentations.push({ item: wanted.item, jwe });
      scope.push({ item: wanted.item, version: wanted.version, fields, required: wanted.required, range: null,
                   reveal: 'full', asset: asset.asset, presentation_sm3: jwe && hex(sm3(utf8(jwe))) });
    }
    const tx = this.signer.transaction('grant.create', {
      v: 1, grant, request: request.request, supersedes: '',
      subject: { kind: this.account.startsWith('e-') ? 'enterprise' : 'person', account: this.account, pseudonym: entry.pseudonym },
      actor: this.actor ?? { role: 'self', account: this.account, mandate: '' },
      consumer: { uscc: consumer.uscc, name: consumer.name_zh, contact: consumer.contact,
                  account: consumer.account, product: request.product },
      purpose: request.purpose, scope, valid: request.valid, max_uses: request.max_uses, frequency: '',
      mode: request.mode, release: request.release, data_life_days: request.data_life_days, onward: request.onward,
      separate: { third_party: given.has('third_party'), sensitive: given.has('sensitive'),
                  adverse_credit_notice: given.has('adverse_credit_notice'),
                  automated_decision: given.has('automated_decision'), minor: given.has('minor') },
      notice: { ...request.notice, shown_at: shownAt }, key: request.key,
    });
    return this.signer.post('/v1/grants', { tx, presentations });
  }

  refuse(request, reason) { return this.signer.submit('request.refuse', { request, reason }); }
  revoke(grant, reason) { return this.signer.submit('grant.revoke', { grant, reason }); }

  /** Every event about me, each with its receipt checked here. */
  async history() {
    const { events } = await this.api.get(`/v1/subjects/${this.account}/trace`);
    return events.map((event) => ({
      ...event, verified: receiptHolds(event.transaction, event.receipt, this.api.host, this.api.chain),
    })).reverse();
  }
}
