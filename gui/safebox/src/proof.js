// Receipts checked in the page: RFC 9162 inclusion with SM3 against the host's signed head.
import { concat, equal, hex, unhex, utf8 } from './bytes.js';
import { jwsOpen, sm3 } from './jose.js';

const node = (left, right) => sm3(concat(Uint8Array.of(1), left, right));

function rootOf(leaf, index, size, path) {
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const sibling of path) {
    if (sn === 0) throw new Error('proof.invalid');
    if (fn % 2 === 1 || fn === sn) {
      root = node(sibling, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      root = node(root, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw new Error('proof.invalid');
  return root;
}

/** True when `receipt` proves that `transaction` is on the ledger of `chain`, signed by `host`. */
export function receiptHolds(transaction, receipt, host, chain) {
  try {
    const bytes = utf8(transaction);
    if (hex(sm3(bytes)) !== receipt.tx || receipt.index >= receipt.size) return false;
    const head = jwsOpen(host, receipt.head, 'qc-head+jws');
    if (head.chain !== chain || head.size !== receipt.size) return false;
    const leaf = sm3(concat(Uint8Array.of(0), bytes));
    return equal(rootOf(leaf, receipt.index, receipt.size, receipt.path.map(unhex)), unhex(head.log_root));
  } catch {
    return false;
  }
}
