#include "host/cli/receipts.hpp"

#include <cstdio>

#include "sdk/base/files.hpp"

namespace qc::cli {

Result<Proved> check_transaction(const client::Client& client, const std::string& bytes,
                                 const Json& receipt) {
  QC_ASSIGN(proof::Receipt parsed, proof::receipt_from_json(receipt));
  QC_ASSIGN(proof::Transaction tx, proof::parse_transaction(bytes));
  auto head = proof::verify_receipt(bytes, parsed, client.host_key(), client.chain());
  if (!head.ok()) return head.error();
  return Proved{std::move(tx), std::move(parsed)};
}

Result<Proved> fetch_transaction(client::Client& client, const std::string& id) {
  QC_ASSIGN(const Json answer, client.get("/v1/transactions/" + id));
  const JsonReader reader(answer);
  QC_ASSIGN(const std::string bytes, reader.text("transaction", proof::kMaxTxBytes));
  QC_ASSIGN(const Json* receipt, reader.object("receipt"));
  QC_ASSIGN(Proved proved, check_transaction(client, bytes, *receipt));
  if (proved.tx.id_hex() != id) {
    return invalid("verify.wrong_transaction", "the host answered with another transaction");
  }
  return proved;
}

Status ReceiptFolder::keep(const std::string& op, const std::string& bytes,
                           const proof::Receipt& receipt) const {
  if (folder_.empty()) return {};
  QC_TRY(make_private_directory(folder_));
  char name[96];
  std::snprintf(name, sizeof name, "%08llu-%.60s.json",
                static_cast<unsigned long long>(receipt.index), op.c_str());
  const Json document = {{"transaction", bytes}, {"receipt", proof::to_json(receipt)}};
  return write_file(folder_ / name, document.dump(2) + "\n", FileMode::kPrivate);
}

Status ReceiptFolder::keep(const Proved& proved) const {
  return keep(proved.tx.op, proved.tx.bytes, proved.receipt);
}

Status ReceiptFolder::keep_completeness(const Json& answer) const {
  if (folder_.empty()) return {};
  QC_TRY(make_private_directory(folder_));
  std::filesystem::path file = folder_.has_filename() ? folder_ : folder_.parent_path();
  file += ".completeness.json";
  return write_file(file, answer.dump(2) + "\n", FileMode::kPrivate);
}

Result<CheckedReceipt> check_receipt_file(const std::filesystem::path& file,
                                          const crypto::PublicKey& host, const std::string& chain) {
  QC_ASSIGN(const std::string text, read_file(file, 1U << 20U));
  const auto fail = [&file](const Error& cause) {
    return invalid("receipt.invalid", cause.code + ": " + cause.message,
                   file.filename().string() + (cause.field.empty() ? "" : ":" + cause.field));
  };
  const auto document = parse_json(text, {1U << 20U, 16});
  if (!document.ok()) return fail(document.error());
  const JsonReader reader(document.value());
  if (const auto status = reader.expect_only({"transaction", "receipt"}); !status.ok()) {
    return fail(status.error());
  }
  const auto bytes = reader.text("transaction", proof::kMaxTxBytes);
  if (!bytes.ok()) return fail(bytes.error());
  const auto object = reader.object("receipt");
  if (!object.ok()) return fail(object.error());
  const auto receipt = proof::receipt_from_json(*object.value());
  if (!receipt.ok()) return fail(receipt.error());
  const auto head = proof::verify_receipt(bytes.value(), receipt.value(), host, chain);
  if (!head.ok()) return head.error().at(file.filename().string());
  // The host's signature stands for the ledger's rules; this reads what they accepted.
  const auto tx = proof::parse_transaction(bytes.value());
  if (!tx.ok()) return fail(tx.error());
  return CheckedReceipt{tx->id_hex(), tx->op, receipt->index, head->size, head->time_ms, *receipt};
}

}  // namespace qc::cli
