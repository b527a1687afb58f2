// Reads cases made by agree_test.cpp (JSON on standard input), checks them with sm-crypto-v2, and
// answers with its own signatures, ciphertexts and digests for the C++ side to check.
'use strict';
const fs = require('fs');
const { sm2, sm3, sm4 } = require('sm-crypto-v2');

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (array) => Buffer.from(array).toString('hex');
const plainOf = (ciphertext, key, options) =>
  hex(sm2.doDecrypt(ciphertext, key, 1, { output: 'array', ...options }));

function sm2Answers(c) {
  const publicKey = '04' + c.xy;
  const message = bytes(c.message);
  const sign = { hash: true, publicKey, userId: c.id };
  return {
    publicKey: sm2.getPublicKeyFromPrivateKey(c.scalar),
    verified: sm2.doVerifySignature(message, c.signature, publicKey, { hash: true, userId: c.id }),
    verifiedDer: sm2.doVerifySignature(message, c.signatureDer, publicKey,
      { hash: true, der: true, userId: c.id }),
    verifiedOtherId: sm2.doVerifySignature(message, c.signature, publicKey,
      { hash: true, userId: c.id + 'x' }),
    signature: sm2.doSignature(message, c.scalar, sign),
    signatureDer: sm2.doSignature(message, c.scalar, { ...sign, der: true }),
    openedRaw: plainOf(c.ciphertextRaw, c.scalar, {}),
    openedDer: plainOf(c.ciphertextDer, c.scalar, { asn1: true }),
    ciphertextRaw: sm2.doEncrypt(bytes(c.plaintext), publicKey, 1),
    ciphertextDer: sm2.doEncrypt(bytes(c.plaintext), publicKey, 1, { asn1: true }),
  };
}

function sm4Answers(c) {
  const gcm = { mode: 'gcm', iv: bytes(c.nonce), associatedData: bytes(c.aad), padding: 'none' };
  const sealed = sm4.encrypt(bytes(c.plaintext), bytes(c.key),
    { ...gcm, output: 'array', outputTag: true });
  const opened = sm4.decrypt(bytes(c.ciphertext), bytes(c.key),
    { ...gcm, output: 'array', tag: bytes(c.tag) });
  return { ciphertext: hex(sealed.output), tag: hex(sealed.tag), opened: hex(opened) };
}

const cases = JSON.parse(fs.readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify({
  sm2: cases.sm2.map(sm2Answers),
  sm3: cases.sm3.map((c) => ({
    digest: sm3(bytes(c.data)),
    hmac: sm3(bytes(c.data), { key: c.key, mode: 'hmac' }),
  })),
  sm4: cases.sm4.map(sm4Answers),
}));
