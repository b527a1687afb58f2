// The encrypted asset vault 数字保险箱: ciphertext in, ciphertext out, and real deletion.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::safebox {

inline constexpr std::size_t kMaxCiphertextBytes = 1U << 20U;
inline constexpr std::size_t kMaxPresentations = 64;
inline constexpr std::size_t kSweepPage = 500;

/// One granted item, encrypted to the key that the grant names (docs/formats.md, Asset).
struct SealedPresentation {
  std::string item;
  std::string jwe;
  bool operator==(const SealedPresentation&) const = default;
};

/// Holds only JWE texts; refuses anything else ("vault.not_ciphertext"), so that a mistake above
/// cannot put a value on the disk. Every write is durable when the call returns, because it
/// precedes the ledger transaction that speaks of it. An erased text is overwritten with zeros in
/// the database and cut from its write-ahead log before the call returns.
/// Ids are 1..64 characters of base64url; a text has at most kMaxCiphertextBytes.
/// Errors besides those named below: "vault.invalid" (with the field), "database.unavailable",
/// "database.failed", "database.corrupt". Thread contract: any thread; calls are serialised.
class Vault {
 public:
  /// Opens or creates the vault in `directory` (created with mode 0700), and finishes a deletion
  /// that a crash interrupted.
  static Result<std::unique_ptr<Vault>> open(const std::filesystem::path& directory);
  virtual ~Vault() = default;

  /// `handle`: by what its department finds the record again, sealed by and to that department
  /// (docs/formats.md, Fresh issue); it goes with the asset. Storing the same texts again is a
  /// success; other ones under a known id are refused, so that nobody replaces what the ledger
  /// committed to. Error: "vault.conflict".
  virtual Status put_asset(const std::string& asset, const std::string& subject,
                           const std::string& jwe, const std::string& handle) = 0;
  /// Error: "vault.not_found".
  virtual Result<std::string> get_asset(const std::string& asset) = 0;
  /// "" for an asset that was stored before there were handles. Error: "vault.not_found".
  virtual Result<std::string> get_handle(const std::string& asset) = 0;
  /// Erasing what is not there is a success: afterwards it is gone.
  virtual Status erase_asset(const std::string& asset) = 0;

  /// All of one grant's presentations at once, 1..kMaxPresentations, one per item. As put_asset:
  /// the same list again is a success, another one is refused with "vault.conflict" and changes
  /// nothing (do not erase after a conflict: the stored ones are the live grant's).
  virtual Status put_presentations(const std::string& grant,
                                   const std::vector<SealedPresentation>& presentations) = 0;
  /// In the order of put_presentations; empty when the grant has none.
  virtual Result<std::vector<SealedPresentation>> get_presentations(const std::string& grant) = 0;
  virtual Status erase_presentations(const std::string& grant) = 0;
  /// One item of one grant, when the asset behind it is erased.
  virtual Status erase_presentation(const std::string& grant, const std::string& item) = 0;

  /// Whether what stands under an id is to stay. Asked without a lock.
  using Keep = std::function<bool(const std::string& id)>;
  /// Asked after each kSweepPage texts; false ends the sweep.
  using GoOn = std::function<bool()>;
  /// Erases every asset that `keep` does not want, of those that the vault held when it was opened
  /// and that were not put again since: stored, then the host died before the ledger took the
  /// transaction. The newest first; runs beside every other call, takes as long as there are
  /// assets. Returns how many were erased.
  virtual Result<std::size_t> sweep(const Keep& keep, const GoOn& go_on) = 0;
  /// The same for the presentations of grants.
  virtual Result<std::size_t> sweep_presentations(const Keep& keep, const GoOn& go_on) = 0;

  struct Counts {
    std::uint64_t assets = 0;
    std::uint64_t presentations = 0;
  };
  virtual Result<Counts> counts() = 0;
};

}  // namespace qc::safebox
