#include "sdk/proof/receipt.hpp"

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

constexpr std::size_t kMaxHeadBytes = 4096;
constexpr std::size_t kMaxPath = 64;  // levels of a tree of 2^64 leaves
constexpr std::int64_t kMaxTimeMs = 253402300799999;

Result<TreeHead> read_head(const Json& payload) {
  const JsonReader reader(payload, "head");
  QC_TRY(reader.expect_only({"v", "chain", "size", "log_root", "subject_root", "time_ms"}));
  QC_TRY(reader.integer("v", 1, 1));
  TreeHead head;
  QC_ASSIGN(head.chain, reader.text("chain", 64));
  QC_ASSIGN(const std::int64_t size, reader.integer("size", 0, INT64_MAX));
  head.size = static_cast<std::uint64_t>(size);
  QC_ASSIGN(const std::string log_root, reader.text("log_root", 64, 64));
  QC_ASSIGN(const std::string subject_root, reader.text("subject_root", 64, 64));
  QC_ASSIGN(head.time_ms, reader.integer("time_ms", 0, kMaxTimeMs));
  const auto log = hash_from_hex(log_root);
  if (!log) return log.error().at("head.log_root");
  const auto subject = hash_from_hex(subject_root);
  if (!subject) return subject.error().at("head.subject_root");
  head.log_root = *log;
  head.subject_root = *subject;
  return head;
}

Result<Receipt> read_receipt(const Json& json) {
  const JsonReader reader(json, "receipt");
  QC_TRY(reader.expect_only({"v", "tx", "index", "size", "path", "head"}));
  QC_TRY(reader.integer("v", 1, 1));
  Receipt receipt;
  QC_ASSIGN(receipt.tx, reader.text("tx", 64, 64));
  if (const auto id = hash_from_hex(receipt.tx); !id) return id.error().at("receipt.tx");
  QC_ASSIGN(const std::int64_t index, reader.integer("index", 0, INT64_MAX));
  QC_ASSIGN(const std::int64_t size, reader.integer("size", 1, INT64_MAX));
  receipt.index = static_cast<std::uint64_t>(index);
  receipt.size = static_cast<std::uint64_t>(size);
  QC_ASSIGN(const Json* path, reader.array("path", kMaxPath));
  for (std::size_t i = 0; i < path->size(); ++i) {
    const std::string where = "receipt.path[" + std::to_string(i) + "]";
    const Json& entry = (*path)[i];
    if (!entry.is_string()) return invalid("json.wrong_type", "expected a string", where);
    const auto hash = hash_from_hex(entry.get_ref<const std::string&>());
    if (!hash) return hash.error().at(where);
    receipt.path.push_back(*hash);
  }
  QC_ASSIGN(receipt.head, reader.text("head", kMaxHeadBytes));
  return receipt;
}

}  // namespace

std::string sign_head(const TreeHead& head, const crypto::PrivateKey& host) {
  const Json payload = {{"v", 1},
                        {"chain", head.chain},
                        {"size", head.size},
                        {"log_root", to_hex(head.log_root)},
                        {"subject_root", to_hex(head.subject_root)},
                        {"time_ms", head.time_ms}};
  return crypto::jws_sign(host, payload.dump(-1, ' ', false, Json::error_handler_t::replace),
                          kHeadTyp);
}

Result<TreeHead> open_head(std::string_view jws, const crypto::PublicKey& signer,
                           std::string_view chain, std::string_view typ) {
  const auto opened = crypto::jws_open(jws, signer, typ, kMaxHeadBytes);
  if (!opened) {
    if (opened.error().code == "jws.bad_signature") {
      return unauthenticated("head.bad_signature", "the tree head is not signed with this key");
    }
    return invalid("head.invalid", opened.error().message, "head");
  }
  const auto payload = parse_json(opened->payload);
  if (!payload) return invalid("head.invalid", payload.error().message, "head");
  auto head = read_head(*payload);
  if (!head) return invalid("head.invalid", head.error().message, head.error().field);
  if (head->chain != chain) {
    return invalid("head.wrong_chain", "the tree head belongs to another network", "head.chain");
  }
  return head;
}

Json to_json(const Receipt& receipt) {
  Json path = Json::array();
  for (const Hash32& hash : receipt.path) path.push_back(to_hex(hash));
  return {{"v", 1},
          {"tx", receipt.tx},
          {"index", receipt.index},
          {"size", receipt.size},
          {"path", std::move(path)},
          {"head", receipt.head}};
}

void append_text(const Receipt& receipt, std::string& out) {
  // Members in to_json()'s order, which is alphabetic; only hexadecimal and base64url is quoted.
  out.reserve(out.size() + receipt.head.size() + 67 * receipt.path.size() + 192);
  out.append(R"({"head":")").append(receipt.head).append(R"(","index":)");
  out.append(std::to_string(receipt.index)).append(R"(,"path":[)");
  for (std::size_t i = 0; i < receipt.path.size(); ++i) {
    out.append(i == 0 ? "\"" : ",\"").append(to_hex(receipt.path[i])).push_back('"');
  }
  out.append(R"(],"size":)").append(std::to_string(receipt.size)).append(R"(,"tx":")");
  out.append(receipt.tx).append(R"(","v":1})");
}

Result<Receipt> receipt_from_json(const Json& json) {
  auto receipt = read_receipt(json);
  if (!receipt) {
    return invalid("receipt.invalid", receipt.error().message, receipt.error().field);
  }
  return receipt;
}

Result<TreeHead> verify_receipt(std::string_view transaction, const Receipt& receipt,
                                const crypto::PublicKey& host, std::string_view chain) {
  if (to_hex(crypto::sm3(transaction)) != receipt.tx) {
    return invalid("receipt.wrong_transaction", "the receipt is for another transaction",
                   "receipt.tx");
  }
  QC_ASSIGN(TreeHead head, open_head(receipt.head, host, chain));
  if (head.size != receipt.size) {
    return invalid("receipt.not_included", "the receipt and its tree head differ in size",
                   "receipt.size");
  }
  const auto root = root_from_inclusion(leaf_hash(as_bytes(transaction)), receipt.index,
                                        receipt.size, receipt.path);
  if (!root || *root != head.log_root) {
    return invalid("receipt.not_included", "the path does not lead to the tree head's root",
                   "receipt.path");
  }
  return head;
}

}  // namespace qc::proof
