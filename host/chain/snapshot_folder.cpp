#include "host/chain/snapshot_folder.hpp"

#include <system_error>

#include "host/chain/append_file.hpp"

namespace qc::chain {
namespace fs = std::filesystem;
namespace {

Error folder_error(const char* what, const fs::path& path, const std::error_code& error) {
  return unavailable("file.io", std::string(what) + " " + path.string() + ": " + error.message());
}

}  // namespace

FolderInMaking::FolderInMaking(fs::path out, fs::path part)
    : out_(std::move(out)), part_(std::move(part)) {}

FolderInMaking::FolderInMaking(FolderInMaking&& other) noexcept
    : out_(std::move(other.out_)), part_(std::move(other.part_)) {
  other.part_.clear();
}

FolderInMaking::~FolderInMaking() {
  std::error_code ignored;
  if (!part_.empty()) fs::remove_all(part_, ignored);
}

Result<FolderInMaking> FolderInMaking::begin(const fs::path& out) {
  std::error_code error;
  const fs::path place = fs::absolute(out, error).lexically_normal();
  const fs::path named = place.has_filename() ? place : place.parent_path();
  if (fs::exists(named, error) &&
      (!fs::is_directory(named, error) || !fs::is_empty(named, error))) {
    return conflict("export.not_empty", "there is something at " + named.string());
  }
  fs::path part = named.string() + ".part";
  fs::remove_all(part, error);  // what a crash left
  if (!error) fs::create_directories(part, error);
  if (error) return folder_error("cannot make", part, error);
  return FolderInMaking(named, std::move(part));
}

Status FolderInMaking::finish() {
  QC_TRY(sync_folder(part_));
  std::error_code error;
  fs::rename(part_, out_, error);
  if (error) return folder_error("cannot make", out_, error);
  part_.clear();
  return sync_folder(out_.parent_path());
}

Status copy_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  if (error) return folder_error("cannot make", to, error);
  fs::directory_iterator it(from, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const fs::path copy = to / it->path().filename();
    fs::copy_file(it->path(), copy, error);
    if (error) break;
    QC_ASSIGN(const auto file, open_derived_file(copy));
    QC_TRY(file->sync());
  }
  if (error) return folder_error("cannot copy", from, error);
  return sync_folder(to);
}

}  // namespace qc::chain
