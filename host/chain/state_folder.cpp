#include "host/chain/state_folder.hpp"

#include <system_error>

#include "host/chain/keys.hpp"
#include "host/chain/log.hpp"

namespace qc::chain {
namespace fs = std::filesystem;
namespace {

Status removed(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (!error) return {};
  return unavailable("ledger.io", "cannot remove " + folder.string() + ": " + error.message());
}

Status put_aside(const fs::path& folder) {
  const fs::path aside = folder.string() + ".damaged";
  QC_TRY(removed(aside));
  std::error_code error;
  fs::rename(folder, aside, error);
  if (error) {
    return unavailable("ledger.io", "cannot rename " + folder.string() + ": " + error.message());
  }
  return {};
}

bool of_this_format(const KvStore& store) {
  return !store.get(keys::kPosition) || store.get(keys::kFormat) == kStateFormat;
}

}  // namespace

bool state_is_damaged(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / kDamageMark, error);
}

Result<std::unique_ptr<KvStore>> open_state(const fs::path& folder, const StoreFactory& open) {
  auto opened = open(folder);
  if (opened && of_this_format(**opened)) return opened;
  if (opened && (*opened)->failure().empty()) {
    log_warning("the state was written by another version: it is made anew from the ledger files");
    opened.value().reset();
    QC_TRY(removed(folder));
    return open(folder);
  }
  const std::string why = opened ? (*opened)->failure() : opened.error().message;
  if (opened) opened.value().reset();
  if (!state_is_damaged(folder)) {
    return opened ? unavailable("ledger.io", why) : opened.error();
  }
  log_warning("the state is damaged (" + why +
              "): it is kept as state.damaged and made anew from the ledger files");
  QC_TRY(put_aside(folder));
  return open(folder);
}

}  // namespace qc::chain
