#include "host/safebox/vault.hpp"

#include <mutex>
#include <optional>
#include <set>

#include "host/database/database.hpp"
#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"
#include "sdk/base/json.hpp"

namespace qc::safebox {
namespace {

using database::Connection;
using database::Row;
using database::Transaction;

constexpr int kSchemaVersion = 2;

// Numbered rows: a random id as the primary key would scatter the large texts over the file.
constexpr std::string_view kSchema = R"(
CREATE TABLE assets (
  number INTEGER PRIMARY KEY, asset TEXT NOT NULL UNIQUE, subject TEXT NOT NULL, jwe TEXT NOT NULL);
CREATE TABLE presentations (
  number INTEGER PRIMARY KEY, grant_id TEXT NOT NULL, item TEXT NOT NULL, jwe TEXT NOT NULL,
  UNIQUE (grant_id, item));
PRAGMA user_version = 1;
)";

constexpr std::string_view kHandles = R"(
ALTER TABLE assets ADD COLUMN handle TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 2;
)";

Status check_id(std::string_view id, std::string_view field) {
  bool good = !id.empty() && id.size() <= 64;
  for (const char c : id) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_');
  }
  if (good) return {};
  return invalid("vault.invalid", "expected 1 to 64 characters of base64url", std::string(field));
}

/// Looks at the form only (RFC 7516 section 3.1): the vault has no key to look further with.
Status check_ciphertext(std::string_view jwe, std::string_view field) {
  const auto refuse = [&](const char* why) {
    return invalid("vault.not_ciphertext", why, std::string(field));
  };
  if (jwe.size() > kMaxCiphertextBytes) {
    return Error{ErrorKind::kTooLarge, "vault.invalid", "the ciphertext is too long",
                 std::string(field)};
  }
  std::size_t parts = 0;
  std::size_t at = 0;
  while (at <= jwe.size()) {
    const std::size_t end = std::min(jwe.find('.', at), jwe.size());
    const std::string_view part = jwe.substr(at, end - at);
    const auto bytes = from_base64url(part);
    if (!bytes.ok() || bytes->empty()) return refuse("a part is empty or not base64url");
    if (parts == 0) {
      const auto header = parse_json(as_text(*bytes));
      if (!header.ok() || !header->is_object() || !header->contains("alg") ||
          !header->contains("enc")) {
        return refuse("the header names no encryption");
      }
    }
    ++parts;
    at = end + 1;
  }
  if (parts != 5) return refuse("a compact JWE has five parts");
  return {};
}

class SqliteVault final : public Vault {
 public:
  explicit SqliteVault(std::unique_ptr<Connection> connection) : db_(std::move(connection)) {}

  Status prepare() {
    std::int64_t version = 0;
    QC_TRY(db_->query("PRAGMA user_version", {}, [&](const Row& row) {
      version = row.integer(0);
      return false;
    }));
    if (version > kSchemaVersion) {
      return conflict("vault.newer_schema", "the vault was made by a newer version");
    }
    if (version < kSchemaVersion) {
      QC_ASSIGN(auto transaction, Transaction::begin(*db_));
      if (version == 0) QC_TRY(db_->run_script(kSchema));
      QC_TRY(db_->run_script(kHandles));
      QC_TRY(transaction.commit());
    }
    QC_TRY(cut_log());  // a deletion may have committed just before a crash
    QC_ASSIGN(assets_.held, newest("SELECT MAX(number) FROM assets"));
    QC_ASSIGN(presentations_.held, newest("SELECT MAX(number) FROM presentations"));
    assets_.last = assets_.held;
    presentations_.last = presentations_.held;
    return {};
  }

  Status put_asset(const std::string& asset, const std::string& subject, const std::string& jwe,
                   const std::string& handle) override {
    QC_TRY(check_id(asset, "asset"));
    QC_TRY(check_id(subject, "subject"));
    QC_TRY(check_ciphertext(jwe, "jwe"));
    QC_TRY(check_ciphertext(handle, "handle"));
    const std::lock_guard<std::mutex> lock(mutex_);
    QC_ASSIGN(auto transaction, Transaction::begin(*db_));
    bool known = false;
    bool same = false;
    QC_TRY(db_->query(
        "SELECT subject, jwe, handle FROM assets WHERE asset = ?", {asset}, [&](const Row& row) {
          known = true;
          same = row.text(0) == subject && row.text(1) == jwe && row.text(2) == handle;
          return false;
        }));
    if (known && !same) return conflict("vault.conflict", "another text has this asset's id");
    if (known) {
      assets_.put_again(asset);
      return {};
    }
    QC_TRY(db_->execute(
        "INSERT INTO assets (number, asset, subject, jwe, handle) VALUES (?, ?, ?, ?, ?)",
        {++assets_.last, asset, subject, jwe, handle}));
    return transaction.commit();
  }

  Result<std::string> get_asset(const std::string& asset) override {
    return read_text("SELECT jwe FROM assets WHERE asset = ?", asset);
  }

  Result<std::string> get_handle(const std::string& asset) override {
    return read_text("SELECT handle FROM assets WHERE asset = ?", asset);
  }

  Status erase_asset(const std::string& asset) override {
    QC_TRY(check_id(asset, "asset"));
    const std::lock_guard<std::mutex> lock(mutex_);
    QC_TRY(db_->execute("DELETE FROM assets WHERE asset = ?", {asset}));
    return cut_log();
  }

  Status put_presentations(const std::string& grant,
                           const std::vector<SealedPresentation>& presentations) override {
    QC_TRY(check_id(grant, "grant"));
    QC_TRY(check_presentations(presentations));
    const std::lock_guard<std::mutex> lock(mutex_);
    QC_ASSIGN(auto transaction, Transaction::begin(*db_));
    QC_ASSIGN(const auto stored, read_presentations(grant));
    if (!stored.empty() && stored != presentations) {
      return conflict("vault.conflict", "this grant has other presentations already");
    }
    if (!stored.empty()) {
      presentations_.put_again(grant);
      return {};
    }
    for (const SealedPresentation& presentation : presentations) {
      QC_TRY(db_->execute(
          "INSERT INTO presentations (number, grant_id, item, jwe) VALUES (?, ?, ?, ?)",
          {++presentations_.last, grant, presentation.item, presentation.jwe}));
    }
    return transaction.commit();
  }

  Result<std::vector<SealedPresentation>> get_presentations(const std::string& grant) override {
    QC_TRY(check_id(grant, "grant"));
    const std::lock_guard<std::mutex> lock(mutex_);
    return read_presentations(grant);
  }

  Status erase_presentations(const std::string& grant) override {
    QC_TRY(check_id(grant, "grant"));
    const std::lock_guard<std::mutex> lock(mutex_);
    QC_TRY(db_->execute("DELETE FROM presentations WHERE grant_id = ?", {grant}));
    return cut_log();
  }

  Status erase_presentation(const std::string& grant, const std::string& item) override {
    QC_TRY(check_id(grant, "grant"));
    const std::lock_guard<std::mutex> lock(mutex_);
    QC_TRY(
        db_->execute("DELETE FROM presentations WHERE grant_id = ? AND item = ?", {grant, item}));
    return cut_log();
  }

  Result<std::size_t> sweep(const Keep& keep, const GoOn& go_on) override {
    return sweep_ids({"SELECT number, asset FROM assets WHERE number <= ? ORDER BY number DESC "
                      "LIMIT ?",
                      "DELETE FROM assets WHERE asset = ?", assets_},
                     keep, go_on);
  }

  Result<std::size_t> sweep_presentations(const Keep& keep, const GoOn& go_on) override {
    return sweep_ids(
        {"SELECT number, grant_id FROM presentations WHERE number <= ? ORDER BY number "
         "DESC LIMIT ?",
         "DELETE FROM presentations WHERE grant_id = ?", presentations_},
        keep, go_on);
  }

  Result<Counts> counts() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    Counts counts;
    QC_TRY(db_->query("SELECT (SELECT COUNT(*) FROM assets), (SELECT COUNT(*) FROM presentations)",
                      {}, [&](const Row& row) {
                        counts.assets = static_cast<std::uint64_t>(row.integer(0));
                        counts.presentations = static_cast<std::uint64_t>(row.integer(1));
                        return false;
                      }));
    return counts;
  }

 private:
  /// Rows of one table: those of before, and those of now. Numbers are given here, so that one that
  /// became free is not given again.
  struct Numbers {
    std::int64_t held = 0;  ///< the newest of before, while it may still be swept
    std::int64_t last = 0;
    std::set<std::string> again;  ///< ids of before that were put again: the ledger may have them
    void put_again(const std::string& id) {
      if (held != 0) again.insert(id);
    }
  };
  struct Sweep {
    std::string_view select;
    std::string_view erase;
    Numbers& numbers;
  };

  Result<std::string> read_text(std::string_view question, const std::string& asset) {
    QC_TRY(check_id(asset, "asset"));
    const std::lock_guard<std::mutex> lock(mutex_);
    std::optional<std::string> text;
    QC_TRY(db_->query(question, {asset}, [&](const Row& row) {
      text = row.text(0);
      return false;
    }));
    if (!text) return not_found("vault.not_found", "the safe box does not hold this asset");
    return std::move(*text);
  }

  Result<std::int64_t> newest(std::string_view question) {
    std::int64_t number = 0;
    QC_TRY(db_->query(question, {}, [&](const Row& row) {
      number = row.is_null(0) ? 0 : row.integer(0);
      return false;
    }));
    return number;
  }

  static Status check_presentations(const std::vector<SealedPresentation>& presentations) {
    if (presentations.empty() || presentations.size() > kMaxPresentations) {
      return invalid("vault.invalid", "expected 1 to 64 presentations", "presentations");
    }
    std::set<std::string_view> items;
    for (std::size_t i = 0; i < presentations.size(); ++i) {
      const std::string field = "presentations[" + std::to_string(i) + "]";
      const std::string& item = presentations[i].item;
      if (item.empty() || item.size() > 128 || !items.insert(item).second) {
        return invalid("vault.invalid", "the item is empty, too long or repeated", field + ".item");
      }
      QC_TRY(check_ciphertext(presentations[i].jwe, field + ".jwe"));
    }
    return {};
  }

  Result<std::vector<SealedPresentation>> read_presentations(const std::string& grant) {
    std::vector<SealedPresentation> presentations;
    QC_TRY(db_->query("SELECT item, jwe FROM presentations WHERE grant_id = ? ORDER BY number",
                      {grant}, [&](const Row& row) {
                        presentations.push_back({row.text(0), row.text(1)});
                        return true;
                      }));
    return presentations;
  }

  /// Page by page, and `keep` is asked without the lock: it looks into the ledger.
  Result<std::size_t> sweep_ids(const Sweep& sweep, const Keep& keep, const GoOn& go_on) {
    std::int64_t up_to = sweep.numbers.held;
    std::size_t erased = 0;
    while (up_to > 0) {
      std::vector<std::string> page;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        QC_TRY(db_->query(sweep.select, {up_to, static_cast<std::int64_t>(kSweepPage)},
                          [&](const Row& row) {
                            up_to = row.integer(0) - 1;
                            page.push_back(row.text(1));
                            return true;
                          }));
      }
      if (page.empty()) break;
      for (const std::string& id : page) {
        if (keep(id)) continue;
        const std::lock_guard<std::mutex> lock(mutex_);
        if (sweep.numbers.again.contains(id)) continue;
        QC_ASSIGN(const std::int64_t rows, db_->execute(sweep.erase, {id}));
        erased += static_cast<std::size_t>(rows);
      }
      if (!go_on()) break;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    sweep.numbers.held = 0;
    sweep.numbers.again.clear();
    if (erased != 0) QC_TRY(cut_log());
    return erased;
  }

  /// secure_delete zeroes the pages, but the write-ahead log still holds their former images:
  /// move everything into the database file and cut the log to nothing.
  Status cut_log() {
    bool busy = true;
    QC_TRY(db_->query("PRAGMA wal_checkpoint(TRUNCATE)", {}, [&](const Row& row) {
      busy = row.integer(0) != 0;
      return false;
    }));
    if (busy) return unavailable("database.unavailable", "another program holds the vault open");
    return {};
  }

  std::mutex mutex_;
  std::unique_ptr<Connection> db_;
  Numbers assets_;
  Numbers presentations_;
};

}  // namespace

Result<std::unique_ptr<Vault>> Vault::open(const std::filesystem::path& directory) {
  QC_TRY(make_private_directory(directory));
  database::SqliteOptions options;
  options.file = directory / "vault.db";
  options.secure_delete = true;
  QC_ASSIGN(auto connection, database::open_sqlite(options));
  auto vault = std::make_unique<SqliteVault>(std::move(connection));
  QC_TRY(vault->prepare());
  return std::unique_ptr<Vault>(std::move(vault));
}

}  // namespace qc::safebox
