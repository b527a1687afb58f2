// Which fields there are: by the department's own dictionary, in exactly the version asked for. What
// is handed to the page under another name, or lacks one, is neither shown nor signed.

const fail = (code, field) => { throw Object.assign(new Error(code), { code, field }); };

/** The key of one version of an item in `dictionary`. */
export const versionOf = ({ item, version }) => `${item} ${version}`;

function checkNames(dictionary, entry, names) {
  const definition = dictionary.get(versionOf(entry));
  if (!definition) fail('verify.unknown_item', versionOf(entry));
  const known = new Set(definition.fields.map((field) => field.id));
  names.forEach((name) => known.has(name) || fail('verify.unknown_field', `${entry.item}.${name}`));
}

/** Every field that a request names stands in the dictionary, and once. */
export function checkScope(dictionary, scope) {
  const seen = new Set();
  for (const entry of scope) {
    checkNames(dictionary, entry, [...entry.required, ...entry.optional]);
    for (const name of [entry.item, ...[...entry.required, ...entry.optional].map((id) => `${entry.item}.${id}`)]) {
      if (seen.has(name)) fail('verify.unknown_field', name);
      seen.add(name);
    }
  }
}

/** A credential is the asset it is listed as: the item, its version, and exactly the listed fields. */
export function checkAsset(dictionary, entry, { claims, fields }, { account, chain, issuer }) {
  if (claims.sub !== account || claims.asset !== entry.asset || claims.chain !== chain || claims.iss !== issuer ||
      claims.vct !== `qc:item:${entry.item}:${entry.version}`) fail('asset.mismatch', entry.item);
  checkNames(dictionary, entry, Object.keys(fields));
  const names = (list) => [...list].sort().join(' ');
  if (names(Object.keys(fields)) !== names(entry.fields)) fail('verify.wrong_fields', entry.item);
}

/** What is about to be signed: asked for, all that is required, and in the asset under these names. */
export function checkChoice(wanted, fields, asset) {
  const one = (name) => `${wanted.item}.${name}`;
  if (asset.item !== wanted.item || asset.version !== wanted.version) fail('asset.mismatch', wanted.item);
  const asked = [...wanted.required, ...wanted.optional];
  for (const name of fields) if (!asked.includes(name)) fail('verify.unknown_field', one(name));
  for (const name of wanted.required) if (!fields.includes(name)) fail('verify.missing_field', one(name));
  for (const name of fields) if (!Object.keys(asset.fields).includes(name)) fail('verify.missing_field', one(name));
}
