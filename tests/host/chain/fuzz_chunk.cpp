// Any bytes as a chunk file and as a heads file: every record found lies inside and hashes well.
#include <cstdlib>

#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "sdk/crypto/sm3.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using qc::chain::Scanned;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The fuzzer cannot make hashes, so the input's checks are made to fit first.
  std::string chunk(bytes);
  if (chunk.size() >= qc::chain::kRecordHeaderBytes) {
    const qc::Hash32 check = qc::crypto::sm3(std::string_view(chunk).substr(0, 72));
    chunk.replace(72, 8, qc::as_text(check).substr(0, 8));
    if (chunk.size() >= qc::chain::kRecordHeaderBytes + qc::chain::kRecordTrailerBytes) {
      const qc::Hash32 hash = qc::crypto::sm3(std::string_view(chunk).substr(0, chunk.size() - 32));
      chunk.replace(chunk.size() - 32, 32, qc::as_text(hash));
    }
  }
  for (const std::string_view text : {bytes, std::string_view(chunk)}) {
    if (const auto record = qc::chain::decode_record(text)) {
      for (const std::string_view tx : record->transactions) {
        if (tx.data() < text.data() || tx.data() + tx.size() > text.data() + text.size()) {
          std::abort();
        }
      }
    }
    const Scanned found = qc::chain::scan_record(text, 0, qc::chain::initial_position());
    if (found.kind == Scanned::Kind::kRecord && found.record.header.record_bytes() > text.size()) {
      std::abort();
    }
  }
  static const auto kKey = qc::crypto::PrivateKey::generate();
  if (!qc::chain::parse_heads(bytes, kKey.public_key(), "net").heads.empty()) std::abort();
  (void)qc::chain::decode_tx_row(bytes);
  (void)qc::chain::decode_position(bytes);
  return 0;
}
