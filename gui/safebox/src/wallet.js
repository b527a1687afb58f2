// The citizen's side of every flow. The private key lives here and, sealed, in the browser's store.
import { Api } from './api.js';
import { hex, randomId, unbase64url, utf8 } from './bytes.js';
import { commitment, generateKey, jweDecrypt, jweEncrypt, jwkOf, jwsOpen, jwsSign, keyOf, seal, signerOf, sm3, unseal } from './jose.js';
import { checkNotice } from './notice.js';
import { receiptHolds } from './proof.js';
import { open, present } from './sdjwt.js';

const STORE = 'quancheng.safebox.v1';
const now = () => Math.floor(Date.now() / 1000);

export const stored = () => JSON.parse(localStorage.getItem(STORE) ?? 'null');

export class Wallet {
  constructor() {
    this.api = new Api();
    this.members = new Map();
    this.items = new Map();
    this.plugins = [];
    this.account = '';
  }

  /** Learns the network; a box that is stored pins its chain and host key. */
  async connect() {
    const network = await this.api.get('/v1/network');
    const box = stored();
    const kid = jwkOf(keyOf(network.host_jwk)).kid;
    if (box && (box.chain !== network.chain || box.host_kid !== kid)) throw new Error('client.wrong_network');
    this.api.chain = network.chain;
    this.hostKid = kid;
    const [{ members }, { items }, { plugins }] = await Promise.all(
      ['/v1/members', '/v1/catalogue/items', '/v1/plugins'].map((path) => this.api.get(path)));
    members.forEach((member) => this.members.set(member.account, member));
    items.forEach((item) => this.items.set(item.item, item));
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
    const key = generateKey();
    const jwk = jwkOf(key);
    this.api.key = key;
    const proof = jwsSign(key, { chain: this.api.chain, kid: jwk.kid, iat: now(), nonce: randomId() }, 'qc-identity-proof+jws');
    const claim = jweEncrypt(keyOf(this.identityDepartment().jwk), JSON.stringify(
      { id_no: idNo, name, card_valid_to: cardValidTo, jwk, proof }));
    try {
      const opened = await this.api.post('/v1/accounts:open', { jwk, claim });
      this.account = opened.account;
      this.credential = JSON.parse(jweDecrypt(key, opened.credential)).sd_jwt;
    } catch (error) {
      this.api.key = null;
      throw error;
    }
    const secret = JSON.stringify({ key, credential: this.credential });
    localStorage.setItem(STORE, JSON.stringify(
      { chain: this.api.chain, host_kid: this.hostKid, account: this.account, secret: seal(passphrase, secret) }));
  }

  unlock(passphrase) {
    const box = stored();
    const { key, credential } = JSON.parse(unseal(passphrase, box.secret));
    this.api.key = key;
    this.credential = credential;
    this.account = box.account;
  }

  lock() {
    this.api.key = null;
    this.credential = null;
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
    const { claims, fields } = open(sdJwt, signerOf(this.departmentOf(entry.item), sdJwt));
    if (claims.sub !== this.account || claims.asset !== entry.asset) throw new Error('asset.mismatch');
    return { ...entry, sdJwt, fields, commitment: commitment('qc-asset-1', unbase64url(salt), sdJwt) };
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
    const sensitive = request.scope.some((one) => (this.items.get(one.item)?.sensitivity ?? 4) >= 3);
    const separate = ['third_party', ...(sensitive ? ['sensitive', 'adverse_credit_notice'] : []),
      ...(request.release === 'answer' ? ['automated_decision'] : [])];
    return { entry, request, consumer, separate, notice: checkNotice(request, consumer) };
  }

  /** Records that the notice was shown; from here the person has 15 minutes to decide. */
  async present({ entry, request }) {
    if (entry.state !== 'REQUESTED') return;
    await this.api.submit('request.open', { request: request.request, notice_sm3: request.notice.sm3 });
    entry.state = 'PRESENTED';
  }

  /** Grants the chosen fields, {item: [field, …]} from `assets`, with the separate consents `given`. */
  async approve({ entry, request, consumer }, chosen, given, assets) {
    const shownAt = now();
    const grant = randomId();
    const presentations = [];
    const scope = [];
    for (const wanted of request.scope.filter((one) => (chosen[one.item] ?? []).length > 0)) {
      const asset = assets.find((one) => one.item === wanted.item);
      if (!asset) throw new Error('asset.not_found');
      const fields = [...chosen[wanted.item]].sort();
      const jwe = jweEncrypt(keyOf(request.key), present(asset.sdJwt, fields, this.api.key, consumer.account, grant), 'dc+sd-jwt');
      presentations.push({ item: wanted.item, jwe });
      scope.push({ item: wanted.item, version: wanted.version, fields, required: wanted.required, range: null,
                   reveal: 'full', asset: asset.asset, presentation_sm3: hex(sm3(utf8(jwe))) });
    }
    const tx = this.api.transaction('grant.create', {
      v: 1, grant, request: request.request, supersedes: '',
      subject: { kind: 'person', account: this.account, pseudonym: entry.pseudonym },
      actor: { role: 'self', account: this.account, mandate: '' },
      consumer: { uscc: consumer.uscc, name: consumer.name_zh, contact: consumer.contact,
                  account: consumer.account, product: request.product },
      purpose: request.purpose, scope, valid: request.valid, max_uses: request.max_uses, frequency: '',
      mode: request.mode, release: request.release, data_life_days: request.data_life_days, onward: request.onward,
      separate: { third_party: given.has('third_party'), sensitive: given.has('sensitive'),
                  adverse_credit_notice: given.has('adverse_credit_notice'),
                  automated_decision: given.has('automated_decision'), minor: false },
      notice: { ...request.notice, shown_at: shownAt }, key: request.key,
    });
    return this.api.post('/v1/grants', { tx, presentations });
  }

  refuse(request, reason) { return this.api.submit('request.refuse', { request, reason }); }
  revoke(grant, reason) { return this.api.submit('grant.revoke', { grant, reason }); }

  /** Every event about me, each with its receipt checked here. */
  async history() {
    const { events } = await this.api.get(`/v1/subjects/${this.account}/trace`);
    return events.map((event) => ({
      ...event, verified: receiptHolds(event.transaction, event.receipt, this.api.host, this.api.chain),
    })).reverse();
  }
}
