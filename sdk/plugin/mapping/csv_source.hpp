// Driver "csv": files of comma- or tab-separated values, as a nightly extract leaves them.
#pragma once

#include <mutex>

#include "sdk/plugin/mapping/csv_file.hpp"
#include "sdk/plugin/mapping/mapped_department.hpp"

namespace qc::plugin {

/// A file is read whole and indexed once, and again when another one has taken its place. While the
/// file is bad or being written nothing is answered: the one before it no longer says what is so.
/// Any thread, concurrently; a file is read by one of them while the others wait.
class CsvSource final : public Source {
 public:
  /// The setting names a folder (…_dir) or one file (…_file). Errors: those of JsonReader.
  static Result<std::unique_ptr<Source>> open(const SourceOpening& opening);

  Status check(const Lookup& lookup) override;
  Result<Rows> fetch(const Lookup& lookup, const std::string& key, const Moment& moment) override;
  /// What is wrong with a file of the last checks and fetches.
  Health health() override;

 private:
  /// What tells one file from another of the same name.
  struct Identity {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = -1, changed_ns = 0;
    bool operator==(const Identity&) const = default;
  };
  struct Known {
    std::mutex reading;
    Identity identity;
    std::shared_ptr<const CsvFile> file;
    std::int64_t as_of_s = 0;
    std::optional<Error> fault;
  };

  CsvSource(std::string path, bool folder, CsvForm form)
      : path_(std::move(path)), folder_(folder), form_(form) {}
  std::string path_of(const Lookup& lookup) const;
  Known& known(const Lookup& lookup);
  Status refresh(Known& known, const Lookup& lookup) const;
  Status read(Known& known, const Lookup& lookup, const Identity& identity) const;
  Result<std::vector<std::size_t>> places_of(const CsvFile& file, const Lookup& lookup) const;

  const std::string path_;
  const bool folder_;
  const CsvForm form_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Known> known_;  ///< by file and key column
};

}  // namespace qc::plugin
