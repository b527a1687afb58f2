#include "host/chain/audit.hpp"

#include <algorithm>
#include <thread>

#include "host/chain/audit_pipeline.hpp"

namespace qc::chain {
namespace {

unsigned audit_threads(const AuditOptions& options) {
  constexpr unsigned kMost = 64;
  const unsigned wanted =
      options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
  return std::clamp(wanted, 1U, kMost);
}

void fill_report(AuditReport& report, const Position& position) {
  report.transactions = position.size;
  report.batches = position.batches;
  report.log_root = to_hex(position.log_root);
  report.subject_root = to_hex(position.subject_root);
}

void fill_report(AuditReport& report, const AuditDefect& defect) {
  report.code = defect.code;
  report.message = defect.message;
  report.file = (defect.file.find('/') == std::string::npos ? "chunks/" : "") + defect.file;
  report.offset = defect.offset;
  report.index = defect.index;
  report.tx = defect.tx;
}

}  // namespace

Result<AuditReport> audit_ledger(const AuditOptions& options) {
  QC_ASSIGN(const ChunkListing listing, list_chunks(options.directory / "chunks"));
  if (listing.chunks.empty() && listing.heads.empty() && listing.unknown.empty()) {
    return not_found("audit.no_ledger", "the folder holds no ledger");
  }
  AuditReport report;
  if (!listing.unknown.empty()) {
    fill_report(report, initial_position());
    fill_report(report, {"audit.unknown_file", "this file does not belong to a ledger",
                         listing.unknown.front()});
    return report;
  }
  AuditCheck check(options, listing);
  AuditPipeline pipeline(listing, check, audit_threads(options));
  QC_TRY(pipeline.run());
  report.chain = check.chain();
  report.batch_verified = pipeline.batch_verified();
  report.single_verified = pipeline.single_verified();
  report.spills = check.spills();
  report.snapshots = check.snapshots();
  report.snapshots_unknown = check.snapshots_unknown();
  if (const auto& bad = pipeline.bad_signature()) {
    fill_report(report, bad->before);
    fill_report(report, bad->defect);
    return report;
  }
  if (!check.defect()) check.finish();
  fill_report(report, check.position());
  report.ok = !check.defect();
  if (!report.ok) fill_report(report, *check.defect());
  return report;
}

}  // namespace qc::chain
