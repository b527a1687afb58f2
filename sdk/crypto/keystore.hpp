// Files that hold one private key each, encrypted (PKCS#8, PBES2).
#pragma once

#include <filesystem>

#include "sdk/crypto/sm2.hpp"

namespace qc::crypto {

/// Writes `<path>` with mode 0600, atomically (temporary file, fsync, rename).
/// Errors: "keystore.io", "keystore.empty_passphrase".
Status save_key(const std::filesystem::path& path, const PrivateKey& key,
                std::string_view passphrase, PassphraseKind kind = PassphraseKind::kChosen);

/// Errors: "keystore.io", "keystore.empty_passphrase". "keystore.permissions" (file readable by
/// others), "key.wrong_passphrase", "key.invalid".
Result<PrivateKey> load_key(const std::filesystem::path& path, std::string_view passphrase);

/// Reads a passphrase from a file of mode 0600 (first line). Errors: "keystore.io",
/// "keystore.permissions", "keystore.empty_passphrase".
Result<std::string> read_passphrase_file(const std::filesystem::path& path);

}  // namespace qc::crypto
