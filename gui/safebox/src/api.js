// The HTTP API: requests signed with SM2 (RFC 9421), problems as errors, signed answers checked.
import { base64, randomId, unbase64url, utf8 } from './bytes.js';
import { jwkOf, jwsSign, sign, sm3, verify } from './jose.js';
import { receiptHolds } from './proof.js';

export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title || document.code);
    this.code = document.code ?? 'client.unreachable';
    this.field = document.field ?? '';
    this.txnId = document.txn_id ?? '';
  }
}

const digestOf = (bytes) => `sm3=:${base64(sm3(bytes))}:`;

function signatureHeaders(key, method, url, digest, nonce) {
  const components = ['@method', '@authority', '@path', '@query'];
  const values = [method, url.host, url.pathname, url.search || '?'];
  if (digest) {
    components.push('content-digest');
    values.push(digest);
  }
  const params = `(${components.map((c) => `"${c}"`).join(' ')});created=${Math.floor(Date.now() / 1000)};` +
    `nonce="${nonce}";keyid="${jwkOf(key).kid}";alg="sm2-sm3"`;
  const base = components.map((c, i) => `"${c}": ${values[i]}`).join('\n') + `\n"@signature-params": ${params}`;
  return { 'Signature-Input': `sig1=${params}`, Signature: `sig1=:${base64(sign(key, utf8(base)))}:` };
}

/** The host's signature over its answer: status, content and the nonce of the question. */
function answerIsSigned(host, response, bytes, nonce) {
  const input = response.headers.get('Signature-Input') ?? '';
  const signature = /^sig1=:(.*):$/.exec(response.headers.get('Signature') ?? '')?.[1];
  const digest = response.headers.get('Content-Digest');
  const params = input.replace(/^sig1=/, '');
  if (!signature || digest !== digestOf(bytes) || !params.includes(`nonce="${nonce}"`) ||
      !params.startsWith('("@status" "content-digest");')) return false;
  const base = `"@status": ${response.status}\n"content-digest": ${digest}\n"@signature-params": ${params}`;
  const raw = unbase64url(signature.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''));
  return verify(host, utf8(base), raw);
}

export class Api {
  constructor() {
    this.key = null;
    this.host = null;
    this.chain = '';
  }

  /** `signed` false: what is sent carries its own signature and what comes back its own proof. */
  async call(method, path, body, { contentType = 'application/json', signed = this.key !== null } = {}) {
    const url = new URL(path, location.origin);
    const bytes = body === undefined ? null : utf8(typeof body === 'string' ? body : JSON.stringify(body));
    const headers = {};
    const nonce = randomId();
    if (bytes) {
      headers['Content-Type'] = contentType;
      headers['Content-Digest'] = digestOf(bytes);
    }
    if (signed) Object.assign(headers, signatureHeaders(this.key, method, url, headers['Content-Digest'], nonce));
    let response;
    try {
      response = await fetch(url, { method, headers, body: bytes, cache: 'no-store' });
    } catch {
      throw new Problem({ code: 'client.unreachable', detail: '' });
    }
    const answer = new Uint8Array(await response.arrayBuffer());
    let parsed;
    try {
      parsed = JSON.parse(new TextDecoder().decode(answer));
    } catch {
      throw new Problem({ code: 'client.bad_answer', detail: `HTTP ${response.status}` });
    }
    if (!response.ok) throw new Problem(parsed);
    if (signed && this.host && !answerIsSigned(this.host, response, answer, nonce)) {
      throw new Problem({ code: 'client.bad_response_signature', detail: '' });
    }
    return parsed;
  }

  /** The same host, network and checks, signed by another key. */
  as(key) { return Object.assign(new Api(), { key, host: this.host, chain: this.chain }); }

  get(path) { return this.call('GET', path); }
  post(path, body) { return this.call('POST', path, body); }

  transaction(op, body) {
    const payload = { v: 1, chain: this.chain, op, iat: Math.floor(Date.now() / 1000), nonce: randomId(), body };
    return jwsSign(this.key, payload, 'qc-tx+jws');
  }

  /** Submits a transaction; throws unless the receipt proves that it is on the ledger. */
  async submit(op, body) {
    const transaction = this.transaction(op, body);
    const answer = await this.call('POST', '/v1/transactions', transaction, { contentType: 'application/jose', signed: false });
    if (!receiptHolds(transaction, answer.receipt, this.host, this.chain)) {
      throw new Problem({ code: 'receipt.not_included', detail: '' });
    }
    return answer;
  }
}
