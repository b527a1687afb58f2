#include "host/plugin/state_store.hpp"

#include <algorithm>

#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"

namespace qc::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStateBytes = 4U << 20U;
constexpr int kMaxKeptFiles = 32;  ///< of one package

Error bad_state(const Error& cause) {
  return unavailable("plugin.bad_state",
                     "the plugins' state cannot be read: " + cause.code + ": " + cause.message)
      .at(cause.field);
}

Error not_kept(const std::string& what) {
  return unavailable("file.io", "the package cannot be kept: " + what);
}

/// The files of a package, not what lies in folders below.
Status copy_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    if (!entry.is_regular_file(error) || entry.is_symlink(error)) continue;
    if (++files > kMaxKeptFiles) return not_kept("it has too many files");
    if (entry.file_size(error) > SealedImage::kMaxBytes || error) return not_kept("a file is huge");
    fs::copy_file(entry.path(), to / entry.path().filename(), error);
    if (error) return not_kept(error.message());
  }
  return error ? Status(not_kept(error.message())) : Status();
}

}  // namespace

Status StateStore::open() {
  if (folder_.empty()) return {};
  if (const auto made = make_private_directory(folder_); !made.ok()) return bad_state(made.error());
  const auto json = read_json_file(folder_ / "plugins.json", kMaxStateBytes);
  if (!json.ok() && json.error().code == "file.not_found") return {};
  if (!json.ok()) return bad_state(json.error());
  const std::lock_guard lock(mutex_);
  const auto plugins = JsonReader(*json).object("plugins");
  if (!plugins.ok()) return bad_state(plugins.error());
  for (const auto& [plugin, entry] : (*plugins)->items()) {
    const JsonReader reader(entry, plugin);
    const auto quarantine = reader.text_or_empty("quarantine", 8192);
    const auto pinned = reader.text_or_empty("pinned", 64);
    const auto kept = reader.array("kept");
    if (!quarantine.ok()) return bad_state(quarantine.error());
    if (!pinned.ok()) return bad_state(pinned.error());
    if (!kept.ok()) return bad_state(kept.error());
    Fate& fate = fates_[plugin];
    fate = {*quarantine, *pinned, {}};
    for (const Json& one : **kept) {
      fate.kept.push_back({text_of(one, "version"), text_of(one, "digest")});
    }
  }
  return {};
}

Status StateStore::write() {
  if (folder_.empty()) return {};
  Json plugins = Json::object();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [plugin, fate] : fates_) {
      Json kept = Json::array();
      for (const KeptPackage& one : fate.kept) {
        kept.push_back({{"version", one.version}, {"digest", one.digest}});
      }
      plugins[plugin] = {
          {"quarantine", fate.quarantine}, {"pinned", fate.pinned}, {"kept", std::move(kept)}};
    }
  }
  return write_file(folder_ / "plugins.json", dump_json({{"plugins", std::move(plugins)}}) + '\n',
                    FileMode::kPrivate);
}

std::string StateStore::quarantine_of(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = fates_.find(plugin);
  return found == fates_.end() ? std::string() : found->second.quarantine;
}

std::string StateStore::pinned(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = fates_.find(plugin);
  return found == fates_.end() ? std::string() : found->second.pinned;
}

std::vector<KeptPackage> StateStore::kept(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = fates_.find(plugin);
  return found == fates_.end() ? std::vector<KeptPackage>() : found->second.kept;
}

fs::path StateStore::folder_of(const std::string& plugin, const std::string& digest) const {
  for (const KeptPackage& one : kept(plugin)) {
    if (one.digest == digest) return folder_ / "packages" / digest / plugin;
  }
  return {};
}

Status StateStore::quarantine(const std::string& plugin, const std::string& reason) {
  const std::lock_guard writing(writing_);
  {
    const std::lock_guard lock(mutex_);
    fates_[plugin].quarantine = reason;
  }
  return write();
}

Status StateStore::end_quarantine(const std::string& plugin) {
  const std::lock_guard writing(writing_);
  {
    const std::lock_guard lock(mutex_);
    const auto found = fates_.find(plugin);
    if (found == fates_.end() || found->second.quarantine.empty()) return {};
    found->second.quarantine.clear();
  }
  return write();
}

Status StateStore::pin(const std::string& plugin, const std::string& digest) {
  const std::lock_guard writing(writing_);
  {
    const std::lock_guard lock(mutex_);
    Fate& fate = fates_[plugin];
    if (fate.pinned == digest) return {};
    fate.pinned = digest;
  }
  return write();
}

Status StateStore::copy(const Manifest& manifest) const {
  const fs::path packages = folder_ / "packages";
  const fs::path target = packages / manifest.digest;
  const fs::path draft = packages / (".draft-" + random_id());
  std::error_code error;
  if (fs::exists(target / manifest.plugin / "manifest.json", error)) return {};
  fs::create_directories(draft / manifest.plugin, error);
  if (error) return not_kept(error.message());
  Status done = copy_files(manifest.folder, draft / manifest.plugin);
  if (done.ok()) {
    // The files may have been exchanged since they were loaded: then they are not that package.
    const auto image =
        SealedImage::read(draft / manifest.plugin / manifest.library, manifest.plugin);
    if (!image.ok() || image->digest() != manifest.digest) done = not_kept("its files changed");
  }
  if (done.ok()) {
    fs::create_directories(target, error);
    fs::remove_all(target / manifest.plugin, error);
    fs::rename(draft / manifest.plugin, target / manifest.plugin, error);
    if (error) done = not_kept(error.message());
  }
  fs::remove_all(draft, error);
  return done;
}

void StateStore::forget(const std::string& plugin, const std::string& digest) const {
  std::error_code ignored;
  fs::remove_all(folder_ / "packages" / digest / plugin, ignored);
  fs::remove(folder_ / "packages" / digest, ignored);  // only if no other plugin is in there
}

std::optional<std::vector<KeptPackage>> StateStore::place(const Manifest& manifest) {
  const std::lock_guard lock(mutex_);
  Fate& fate = fates_[manifest.plugin];
  auto& kept = fate.kept;
  if (!kept.empty() && kept.front().digest == manifest.digest) return std::nullopt;
  std::erase_if(kept, [&](const KeptPackage& one) { return one.digest == manifest.digest; });
  kept.insert(kept.begin(), {manifest.version, manifest.digest});
  std::vector<KeptPackage> gone;
  while (kept.size() > kMaxKept) {
    // The oldest that no restart of the host will ask for.
    auto last = kept.end() - 1;
    if (last->digest == fate.pinned) --last;
    gone.push_back(*last);
    kept.erase(last);
  }
  return gone;
}

Status StateStore::keep(const Manifest& manifest) {
  if (folder_.empty()) return {};
  const std::lock_guard writing(writing_);
  QC_TRY(copy(manifest));
  const auto gone = place(manifest);
  if (!gone) return {};
  QC_TRY(write());
  for (const KeptPackage& one : *gone) forget(manifest.plugin, one.digest);
  return {};
}

}  // namespace qc::plugin
