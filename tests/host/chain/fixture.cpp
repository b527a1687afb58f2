#include "tests/host/chain/fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "host/chain/kv_store.hpp"
#include "host/chain/state_store.hpp"

namespace qc::chain::test {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "qc-chain-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

LedgerOptions options_in(const std::filesystem::path& directory) {
  LedgerOptions options;
  options.directory = directory;
  options.chain = kChain;
  options.clock_ms = [] { return kStart * 1000 + 7; };
  return options;
}

std::unique_ptr<Ledger> must_open(const LedgerOptions& options, LedgerParts parts) {
  auto ledger = open_ledger(options, key_of("host"), std::move(parts));
  if (!ledger) {
    std::fprintf(stderr, "cannot open: %s: %s\n", ledger.error().code.c_str(),
                 ledger.error().message.c_str());
    std::abort();
  }
  return std::move(ledger).value();
}

std::string sign(const std::string& signer, std::string_view op, const Json& body,
                 std::int64_t now_s) {
  return proof::make_transaction(key_of(signer), kChain, op, body, now_s);
}

std::vector<std::string> signed_history(const World& world) {
  std::map<std::string, std::string> names;
  for (const char* name : {"op", "host", "reg", "ga", "rs", "bank", "other", "svc", "sup", "jia",
                           "yi", "plugin", "acme", "bing", "ding"}) {
    names[key_of(name).kid()] = name;
  }
  std::vector<std::string> out;
  for (const Transaction& tx : world.history) {
    out.push_back(sign(names.at(tx.kid), tx.op, tx.body, tx.iat));
  }
  return out;
}

void submit_all(Ledger& ledger, const std::vector<std::string>& transactions) {
  for (const std::string& tx : transactions) {
    const auto applied = ledger.submit(tx);
    ASSERT_TRUE(applied.ok()) << applied.error().code << ": " << applied.error().message << " at "
                              << applied.error().field;
  }
}

std::string item_tx(unsigned n, std::int64_t now_s) {
  return sign("ga", "item.define", item_body("ga.i" + std::to_string(n), 1 + n % 4), now_s);
}

std::string subject_name(unsigned n) { return "person " + std::to_string(n); }

std::string subject_tx(unsigned n, std::int64_t now_s) {
  World world;
  world.now_s = now_s;
  return sign("reg", "subject.open", subject_body(world, subject_name(n)), now_s);
}

Hash32 digest_of(const std::filesystem::path& directory) {
  const auto store = open_rocks(directory / "state");
  EXPECT_TRUE(store.ok());
  return store.ok() ? state_digest(**store) : Hash32{};
}

void copy_chunks(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  std::filesystem::copy(
      from / "chunks", to / "chunks",
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  EXPECT_TRUE(out.good()) << path;
}

}  // namespace qc::chain::test
