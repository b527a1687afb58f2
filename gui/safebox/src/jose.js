// SM2, SM3, SM4-GCM and their JOSE forms (GM/T 0125), as docs/formats.md writes them down.
import { sm2, sm3 as sm3hex, sm4 } from 'sm-crypto-v2';

import { base64url, concat, equal, hex, random, text, unbase64url, unhex, utf8 } from './bytes.js';

const DEFAULT_ID = '1234567812345678';

export const sm3 = (bytes) => unhex(sm3hex(bytes));

/** A key pair: {d, x, y} in hexadecimal, from the browser's own random source. `d` never leaves this page unencrypted. */
export function generateKey() {
  const pair = sm2.generateKeyPairHex();
  return { d: pair.privateKey.padStart(64, '0'), x: pair.publicKey.slice(2, 66), y: pair.publicKey.slice(66) };
}

const point = (key) => '04' + key.x + key.y;

export function jwkOf(key) {
  const jwk = { crv: 'SM2-P-256', kty: 'EC', x: base64url(unhex(key.x)), y: base64url(unhex(key.y)) };
  return { ...jwk, kid: base64url(sm3(utf8(JSON.stringify(jwk)))) };
}

/** Public half of a JWK, checked to be on the curve and to carry its own thumbprint. */
export function keyOf(jwk) {
  const key = { x: hex(unbase64url(jwk.x)), y: hex(unbase64url(jwk.y)) };
  if (jwk.crv !== 'SM2-P-256' || !sm2.verifyPublicKey(point(key))) throw new Error('key.invalid');
  if (jwk.kid !== undefined && jwk.kid !== jwkOf(key).kid) throw new Error('key.invalid');
  return key;
}

export const sign = (key, bytes) =>
  unhex(sm2.doSignature(bytes, key.d, { hash: true, der: false, publicKey: point(key), userId: DEFAULT_ID }));

export const verify = (key, bytes, signature) =>
  sm2.doVerifySignature(bytes, hex(signature), point(key), { hash: true, der: false, userId: DEFAULT_ID });

const part = (value) => base64url(utf8(JSON.stringify(value)));

export function jwsSign(key, payload, typ) {
  const input = part({ alg: 'SGD_SM3_SM2', kid: jwkOf(key).kid, typ }) + '.' + part(payload);
  return input + '.' + base64url(sign(key, utf8(input)));
}

/** Payload of a JWS that `key` signed with type `typ`. */
export function jwsOpen(key, compact, typ) {
  const [header, payload, signature, more] = compact.split('.');
  if (signature === undefined || more !== undefined) throw new Error('jws.invalid');
  const parsed = JSON.parse(text(unbase64url(header)));
  if (parsed.alg !== 'SGD_SM3_SM2' || parsed.typ !== typ || parsed.crit) throw new Error('jws.wrong_type');
  if (!verify(key, utf8(header + '.' + payload), unbase64url(signature))) throw new Error('jws.bad_signature');
  return JSON.parse(text(unbase64url(payload)));
}

/** The member's key that `compact` names: the present one, or one that it has replaced since. */
export function signerOf(member, compact) {
  const { kid } = JSON.parse(text(unbase64url(compact.split('.')[0])));
  return keyOf((member.retired_keys ?? []).find((jwk) => jwk.kid === kid) ?? member.jwk);
}

export function jweEncrypt(recipient, plaintext, cty = 'application/json') {
  const header = part({ alg: 'SGD_SM2_3', cty, enc: 'SGD_SM4_GCM', kid: jwkOf(recipient).kid });
  const cek = random(16);
  const iv = random(12);
  const encryptedKey = unhex(sm2.doEncrypt(cek, point(recipient), 1, { asn1: true }));
  const sealed = sm4.encrypt(utf8(plaintext), cek, {
    mode: 'gcm', iv, associatedData: utf8(header), output: 'array', outputTag: true, padding: 'none',
  });
  return [header, base64url(encryptedKey), base64url(iv), base64url(sealed.output), base64url(sealed.tag)].join('.');
}

export function jweDecrypt(key, compact) {
  const [header, encryptedKey, iv, ciphertext, tag] = compact.split('.');
  const parsed = JSON.parse(text(unbase64url(header)));
  if (parsed.alg !== 'SGD_SM2_3' || parsed.enc !== 'SGD_SM4_GCM') throw new Error('jwe.invalid');
  if (parsed.kid !== jwkOf(key).kid) throw new Error('jwe.wrong_recipient');
  const cek = sm2.doDecrypt(hex(unbase64url(encryptedKey)), key.d, 1, { output: 'array', asn1: true });
  if (cek.length !== 16) throw new Error('jwe.decrypt_failed');
  const opened = sm4.decrypt(unbase64url(ciphertext), cek, {
    mode: 'gcm', iv: unbase64url(iv), tag: unbase64url(tag), associatedData: utf8(header), output: 'array', padding: 'none',
  });
  return text(opened.output ?? opened);
}

/** SM3("label" 00 || salt || text), the form of every commitment. */
export const commitment = (label, salt, value) => hex(sm3(concat(utf8(label), new Uint8Array(1), salt, utf8(value))));

/** PBKDF2 with HMAC-SM3 (RFC 8018 5.2), one block: enough for one SM4 key. */
function pbkdf2(passphrase, salt, iterations) {
  const mac = (message) => unhex(sm3hex(message, { key: passphrase, mode: 'hmac' }));
  let u = mac(concat(salt, Uint8Array.of(0, 0, 0, 1)));
  const out = Uint8Array.from(u);
  for (let i = 1; i < iterations; ++i) {
    u = mac(u);
    for (let j = 0; j < out.length; ++j) out[j] ^= u[j];
  }
  return out.slice(0, 16);
}

const ITERATIONS = 20000;

/** Seals a text under a passphrase; what is stored in the browser. */
export function seal(passphrase, plaintext) {
  const salt = random(16);
  const iv = random(12);
  const sealed = sm4.encrypt(utf8(plaintext), pbkdf2(utf8(passphrase), salt, ITERATIONS), {
    mode: 'gcm', iv, output: 'array', outputTag: true, padding: 'none',
  });
  return { kdf: 'PBKDF2-HMAC-SM3', iterations: ITERATIONS, salt: base64url(salt), iv: base64url(iv),
           ciphertext: base64url(sealed.output), tag: base64url(sealed.tag) };
}

/** Throws "key.wrong_passphrase". */
export function unseal(passphrase, box) {
  try {
    const key = pbkdf2(utf8(passphrase), unbase64url(box.salt), box.iterations);
    const opened = sm4.decrypt(unbase64url(box.ciphertext), key, {
      mode: 'gcm', iv: unbase64url(box.iv), tag: unbase64url(box.tag), output: 'array', padding: 'none',
    });
    return text(opened.output ?? opened);
  } catch {
    throw new Error('key.wrong_passphrase');
  }
}

export { equal };
