#include "host/chain/heads.hpp"

#include "host/chain/chunk_store.hpp"
#include "host/chain/line_file.hpp"
#include "host/chain/log.hpp"

namespace qc::chain {
namespace {

Json head_document(const std::string& head) { return {{"head", head}}; }

Result<proof::TreeHead> parse_line(std::string_view line, const crypto::PublicKey& host,
                                   std::string_view chain) {
  QC_ASSIGN(const Json json, parse_json(line));
  const JsonReader reader(json, "");
  QC_TRY(reader.expect_only({"head"}));
  QC_ASSIGN(const std::string head, reader.text("head", 4096));
  QC_TRY(expect_spelling(line, head_document(head)));
  return proof::open_head(head, host, chain);
}

}  // namespace

HeadsFile parse_heads(std::string_view bytes, const crypto::PublicKey& host,
                      std::string_view chain) {
  HeadsFile file;
  read_lines(bytes, file, [&](std::string_view line, std::uint64_t offset) -> Status {
    QC_ASSIGN(proof::TreeHead head, parse_line(line, host, chain));
    file.heads.push_back({std::move(head), offset});
    return {};
  });
  return file;
}

Result<HeadsFile> read_heads(const std::filesystem::path& path, const crypto::PublicKey& host,
                             std::string_view chain) {
  QC_ASSIGN(const std::string bytes, read_file(path));
  return parse_heads(bytes, host, chain);
}

Result<HeadsFile> read_newest_heads(const std::filesystem::path& path,
                                    const crypto::PublicKey& host, std::string_view chain) {
  // A busy year in one chunk would be some hundred thousand signatures to verify.
  constexpr std::size_t kNewest = 16;
  QC_ASSIGN(const std::string bytes, read_file(path));
  std::size_t start = bytes.size();
  for (std::size_t lines = 0; lines <= kNewest && start > 0; ++lines) {
    const std::size_t end = bytes.rfind('\n', start - 1);
    start = end == std::string::npos ? 0 : end;
  }
  if (start != 0) ++start;
  HeadsFile file = parse_heads(std::string_view(bytes).substr(start), host, chain);
  for (StoredHead& head : file.heads) head.offset += start;
  file.complete_bytes += start;
  file.defect_offset += start;
  return file;
}

void HeadsWriter::write(std::uint64_t chunk, const std::string& head, bool sync) {
  const Status written = try_write(chunk, head, sync);
  if (!written) log_warning("a tree head was not stored: " + written.error().message);
}

Status HeadsWriter::try_write(std::uint64_t chunk, const std::string& head, bool sync) {
  if (file_ == nullptr || chunk_ != chunk) {
    QC_ASSIGN(file_, open_append_file(folder_ / heads_name(chunk)));
    chunk_ = chunk;
    whole_bytes_ = file_->size();
  }
  if (file_->size() != whole_bytes_) QC_TRY(file_->truncate(whole_bytes_));
  Status written = file_->append(written_line(head_document(head)));
  if (written && sync) written = file_->sync();
  if (written) {
    whole_bytes_ = file_->size();
  } else {
    (void)file_->truncate(whole_bytes_);  // if not now, then before the next line
  }
  return written;
}

}  // namespace qc::chain
