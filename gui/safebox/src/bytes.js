// Bytes and their textual forms.
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const utf8 = (text) => encoder.encode(text);
export const text = (bytes) => decoder.decode(bytes);

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

export function unhex(value) {
  if (!/^([0-9a-f]{2})*$/.test(value)) throw new Error('hex.invalid');
  return Uint8Array.from(value.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes) {
  let binary = '';
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary);
}

export const base64url = (bytes) =>
  base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export function unbase64url(value) {
  if (!/^[A-Za-z0-9_-]*$/.test(value)) throw new Error('base64url.invalid');
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const random = (size) => crypto.getRandomValues(new Uint8Array(size));

/** An id or nonce of 22 characters. Never begins with '-': a command line would read an option. */
export function randomId() {
  for (;;) {
    const id = base64url(random(16));
    if (id[0] !== '-') return id;
  }
}

export const equal = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);
