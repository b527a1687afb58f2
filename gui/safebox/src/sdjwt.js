// SD-JWT VC on the holder's side: open, verify, present (RFC 9901).
import { base64url, text, unbase64url, utf8 } from './bytes.js';
import { jwsOpen, jwsSign, sm3 } from './jose.js';

const parse = (disclosure) => JSON.parse(text(unbase64url(disclosure)));

/** Checks issuer signature and digests; returns {claims, fields}. */
export function open(sdJwt, issuer) {
  const parts = sdJwt.split('~');
  if (parts.pop() !== '') throw new Error('sdjwt.invalid');
  const [jwt, ...disclosures] = parts;
  const claims = jwsOpen(issuer, jwt, 'dc+sd-jwt');
  if (claims._sd_alg !== 'sm3') throw new Error('sdjwt.invalid');
  const fields = {};
  for (const disclosure of disclosures) {
    if (!claims._sd.includes(base64url(sm3(utf8(disclosure))))) throw new Error('sdjwt.bad_disclosure');
    const [, name, value] = parse(disclosure);
    fields[name] = value;
  }
  return { claims, fields };
}

/** Keeps the named fields and binds them to audience and nonce with the holder's key. */
export function present(sdJwt, names, holder, aud, nonce) {
  const [jwt, ...disclosures] = sdJwt.split('~').filter((part) => part !== '');
  const kept = disclosures.filter((disclosure) => names.includes(parse(disclosure)[1]));
  if (kept.length !== names.length) throw new Error('sdjwt.unknown_field');
  const body = [jwt, ...kept].join('~') + '~';
  const kb = { iat: Math.floor(Date.now() / 1000), aud, nonce, sd_hash: base64url(sm3(utf8(body))) };
  return body + jwsSign(holder, kb, 'kb+jwt');
}
