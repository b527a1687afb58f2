#include "host/chain/snapshot_rows.hpp"

#include <fstream>

#include "host/chain/keys.hpp"

namespace qc::chain {
namespace {

constexpr std::string_view kRowsMagic{"QCSR\0\0\0\1", 8};
constexpr std::uint32_t kRowsEnd = 0xFFFFFFFF;
constexpr std::size_t kRowsBuffer = 1U << 20U;
constexpr std::uint32_t kMostKeyBytes = 4096;
constexpr std::uint32_t kMostValueBytes = 64U << 20U;

/// A file read from its beginning, digested on the way.
class RowsSource {
 public:
  explicit RowsSource(const std::filesystem::path& path) : in_(path, std::ios::binary) {}
  bool opened() const { return in_.is_open(); }
  /// Exactly `size` bytes into `out`; false when the file ends before.
  bool read(std::string& out, std::size_t size) {
    out.resize(size);
    in_.read(out.data(), static_cast<std::streamsize>(size));
    return static_cast<std::size_t>(in_.gcount()) == size;
  }
  void digest(std::string_view bytes) { digest_.update(as_bytes(bytes)); }
  Hash32 finish() { return digest_.finish(); }
  bool at_end() { return in_.peek() == std::ifstream::traits_type::eof(); }

 private:
  std::ifstream in_;
  crypto::Sm3 digest_;
};

Error damaged_rows(const std::filesystem::path& path, std::string_view why) {
  return invalid("snapshot.damaged", path.filename().string() + ": " + std::string(why));
}

}  // namespace

Result<RowsWriter> RowsWriter::create(const std::filesystem::path& path) {
  QC_ASSIGN(auto file, open_append_file(path));
  QC_TRY(file->truncate(0));
  RowsWriter writer(std::move(file));
  QC_TRY(writer.put(kRowsMagic));
  return writer;
}

Status RowsWriter::put(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() < kRowsBuffer ? Status() : flush();
}

Status RowsWriter::flush() {
  digest_.update(as_bytes(buffer_));
  Status written = file_->append(buffer_);
  buffer_.clear();
  return written;
}

Status RowsWriter::add(std::string_view key, std::string_view value) {
  ++rows_;
  std::string lengths;
  put_u32(lengths, static_cast<std::uint32_t>(key.size()));
  put_u32(lengths, static_cast<std::uint32_t>(value.size()));
  buffer_.append(lengths).append(key);
  return put(value);
}

Status RowsWriter::finish() {
  std::string end;
  put_u32(end, kRowsEnd);
  put_u64(end, rows_);
  QC_TRY(put(end));
  QC_TRY(flush());
  const Hash32 digest = digest_.finish();
  QC_TRY(file_->append(as_text(ByteView(digest))));
  return file_->sync();
}

Status read_rows(const std::filesystem::path& path,
                 const std::function<Status(std::string_view key, std::string_view value)>& visit) {
  RowsSource source(path);
  if (!source.opened()) {
    return unavailable("ledger.io", "cannot read " + path.filename().string());
  }
  std::string part;
  if (!source.read(part, kRowsMagic.size()) || part != kRowsMagic) {
    return damaged_rows(path, "not a snapshot's rows");
  }
  source.digest(part);
  std::string key;
  std::string value;
  for (std::uint64_t rows = 0;; ++rows) {
    constexpr std::size_t kWord = sizeof(std::uint32_t);
    if (!source.read(part, kWord)) return damaged_rows(path, "it ends too early");
    source.digest(part);
    const std::uint32_t key_bytes = FieldReader(part).u32();
    if (key_bytes == kRowsEnd) {
      if (!source.read(part, sizeof(std::uint64_t))) return damaged_rows(path, "it ends too early");
      source.digest(part);
      if (FieldReader(part).u64() != rows) return damaged_rows(path, "rows are missing");
      const Hash32 digest = source.finish();
      const bool whole = source.read(part, digest.size()) && part == as_text(ByteView(digest));
      return whole && source.at_end() ? Status() : damaged_rows(path, "its digest is another");
    }
    if (!source.read(part, kWord)) return damaged_rows(path, "it ends too early");
    source.digest(part);
    const std::uint32_t value_bytes = FieldReader(part).u32();
    if (key_bytes == 0 || key_bytes > kMostKeyBytes || value_bytes > kMostValueBytes) {
      return damaged_rows(path, "a row of a size that none has");
    }
    if (!source.read(key, key_bytes) || !source.read(value, value_bytes)) {
      return damaged_rows(path, "it ends too early");
    }
    source.digest(key);
    source.digest(value);
    QC_TRY(visit(key, value));
  }
}

}  // namespace qc::chain
