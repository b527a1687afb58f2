#include "host/chain/snapshot.hpp"

#include <system_error>

#include "host/chain/chunk_store.hpp"
#include "host/chain/committer.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/offline.hpp"
#include "host/chain/snapshot_folder.hpp"
#include "host/chain/snapshot_rows.hpp"
#include "host/chain/state_digest.hpp"
#include "sdk/base/files.hpp"

namespace qc::chain {
namespace fs = std::filesystem;
namespace {

/// Writes the rows and digests the state among them, in one pass over what stands still.
class RowsPass {
 public:
  RowsPass(RowsWriter& rows, const Tip& tip, const SnapshotOptions& options)
      : rows_(rows), tip_(tip), options_(options) {}

  Result<Hash32> run(std::string_view chain) {
    StateDigest digest(chain, tip_.position);
    for (const char family : kSnapshotFamilies) {
      const bool state = family == keys::state("").front();
      tip_.snapshot->scan(std::string(1, family), "",
                          [&](std::string_view key, std::string_view value) {
                            if (state) digest.add(key.substr(1), value);
                            failed_ = stopped() ? stop_error() : rows_.add(key, value);
                            return failed_.ok();
                          });
      QC_TRY(failed_);
    }
    return digest.finish();
  }

 private:
  bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }
  static Status stop_error() { return unavailable("snapshot.stopped", "it was asked to end"); }

  RowsWriter& rows_;
  const Tip& tip_;
  const SnapshotOptions& options_;
  Status failed_;
};

/// The chunks from the state's last record up to `stated`, and the first one.
Status copy_ledger_files(const SnapshotOptions& options, const fs::path& out,
                         const proof::Receipt& stated, std::uint64_t size) {
  ExportOptions copy;
  copy.directory = options.directory;
  copy.out = out;
  copy.from = size - 1;
  copy.end = stated.size;
  QC_ASSIGN(const ExportReport copied, export_ledger(copy));
  QC_TRY(HeadsWriter(out / "chunks").try_write(copied.last_chunk, stated.head, true));
  const fs::path first = fs::path("chunks") / chunk_name(0);
  std::error_code error;
  if (copied.first != 0) fs::copy_file(options.directory / first, out / first, error);
  if (error) return unavailable("file.io", "cannot copy the first chunk: " + error.message());
  return {};
}

}  // namespace

Result<SnapshotReport> write_snapshot(Ledger& ledger, const SnapshotOptions& options) {
  QC_ASSIGN(FolderInMaking folder, FolderInMaking::begin(options.out));
  SnapshotReport report;
  report.snapshot = random_id();
  QC_ASSIGN(const auto tip, ledger.begin_snapshot(report.snapshot));
  report.size = tip->position.size;
  QC_ASSIGN(RowsWriter rows, RowsWriter::create(folder.path() / kRowsFile));
  QC_ASSIGN(const Hash32 digest, RowsPass(rows, *tip, options).run(ledger.chain()));
  QC_TRY(rows.finish());
  if (const Ledger::Health health = ledger.health(); !health.writable) {
    return unavailable("ledger.io", health.reason);  // a row may have been unreadable
  }
  report.digest = to_hex(digest);
  std::error_code error;
  report.bytes = fs::file_size(folder.path() / kRowsFile, error);
  const Json body = {{"snapshot", report.snapshot},
                     {"size", report.size},
                     {"format", kStateFormat},
                     {"digest", report.digest}};
  QC_ASSIGN(const Applied stated, ledger.submit_as_host("snapshot.state", body));
  QC_TRY(copy_files(options.directory / "tiles", folder.path() / "tiles"));
  QC_TRY(copy_ledger_files(options, folder.path(), stated.receipt, report.size));
  Json about = body;
  about["chain"] = ledger.chain();
  QC_TRY(write_file(folder.path() / kSnapshotFile, about.dump(2) + "\n", FileMode::kPublic));
  QC_TRY(folder.finish());
  return report;
}

}  // namespace qc::chain
