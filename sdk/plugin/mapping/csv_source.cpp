#include "sdk/plugin/mapping/csv_source.hpp"

#include <algorithm>
#include <sys/stat.h>

#include "sdk/base/files.hpp"

namespace qc::plugin {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

/// For messages: the folder is the operator's business.
std::string name_of_file(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<std::unique_ptr<Source>> CsvSource::open(const SourceOpening& opening) {
  QC_ASSIGN(std::string path, opening.settings.text(opening.spec.setting, 4096));
  const CsvForm form{opening.spec.delimiter, opening.spec.encoding == "gb18030"};
  const bool folder = opening.spec.setting.ends_with("_dir");
  return std::unique_ptr<Source>(new CsvSource(std::move(path), folder, form));
}

std::string CsvSource::path_of(const Lookup& lookup) const {
  return folder_ ? path_ + '/' + lookup.file : path_;
}

CsvSource::Known& CsvSource::known(const Lookup& lookup) {
  const std::lock_guard lock(mutex_);
  return known_[{lookup.file, lookup.key}];
}

Status CsvSource::refresh(Known& known, const Lookup& lookup) const {
  const std::string path = path_of(lookup);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    known.file.reset();
    known.identity = {};
    known.fault = source_away(name_of_file(path) + " is not there");
    return *known.fault;
  }
  const Identity identity{info.st_dev, info.st_ino, info.st_size,
                          info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec};
  if (identity == known.identity && known.fault) return *known.fault;
  if (identity == known.identity) return {};
  known.identity = identity;
  known.as_of_s = info.st_mtim.tv_sec;
  known.file.reset();
  known.fault.reset();
  Status status = read(known, lookup, identity);
  if (!status.ok()) known.fault = status.error();
  return status;
}

Status CsvSource::read(Known& known, const Lookup& lookup, const Identity& identity) const {
  const std::string path = path_of(lookup);
  auto bytes = read_file(path, CsvFile::kMaxBytes);
  if (!bytes.ok()) {
    known.identity = {};  // it may become readable without being changed
    return source_away(name_of_file(path) + ": " + bytes.error().message);
  }
  if (bytes->size() != static_cast<std::size_t>(identity.size)) {
    known.identity = {};
    return source_away(name_of_file(path) + " is being written");
  }
  auto file = CsvFile::parse(std::move(*bytes), form_, lookup.key);
  if (file.ok()) {
    known.file = std::move(*file);
    return {};
  }
  if (!file.error().field.empty()) {
    return invalid("mapping.invalid",
                   "expected the column " + file.error().field + " in " + name_of_file(path),
                   lookup.where + ".key");
  }
  return source_away(name_of_file(path) + ", " + file.error().message);
}

Result<std::vector<std::size_t>> CsvSource::places_of(const CsvFile& file,
                                                      const Lookup& lookup) const {
  std::vector<std::size_t> places;
  for (const std::string& column : lookup.columns) {
    const auto found = std::find(file.header().begin(), file.header().end(), column);
    if (found == file.header().end()) {
      return invalid("mapping.invalid",
                     "expected the column " + column + " in " + name_of_file(path_of(lookup)),
                     lookup.where);
    }
    places.push_back(static_cast<std::size_t>(found - file.header().begin()));
  }
  return places;
}

Status CsvSource::check(const Lookup& lookup) {
  Known& known = this->known(lookup);
  const std::lock_guard lock(known.reading);
  if (Status status = refresh(known, lookup); !status.ok()) {
    // A file that is bad today may be good tomorrow: that is health, not configuration.
    if (status.error().code == "source.unavailable") return {};
    return status;
  }
  QC_TRY(places_of(*known.file, lookup));
  return {};
}

Result<Rows> CsvSource::fetch(const Lookup& lookup, const std::string& key, const Moment& moment) {
  Known& known = this->known(lookup);
  std::shared_ptr<const CsvFile> file;
  Rows rows;
  {
    const std::lock_guard lock(known.reading);
    QC_TRY(refresh(known, lookup));
    file = known.file;
    rows.as_of_s = std::min(known.as_of_s, moment.now_s);
  }
  QC_ASSIGN(const std::vector<std::size_t> places, places_of(*file, lookup));
  RowBudget budget;
  for (std::vector<std::string>& cells : file->find(key, kMaxSourceRows + 1)) {
    Row row;
    for (const std::size_t place : places) row.emplace_back(cells[place]);
    QC_TRY(budget.add(row));
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

Health CsvSource::health() {
  const std::lock_guard lock(mutex_);
  for (auto& [place, known] : known_) {
    const std::lock_guard reading(known.reading);
    if (known.fault) return {false, known.fault->message};
  }
  return {};
}

}  // namespace qc::plugin
