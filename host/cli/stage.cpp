#include "host/cli/stage.hpp"

#include <system_error>

#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

/// This very program, even when its file was replaced meanwhile.
constexpr const char* kSelf = "/proc/self/exe";

/// The first story-<n> that is not there yet.
int next_number(const fs::path& city) {
  int number = 1;
  while (fs::exists(city / ("story-" + std::to_string(number)))) ++number;
  return number;
}

}  // namespace

Result<Stage> Stage::open(const fs::path& city, const std::string& url) {
  Stage stage;
  stage.root_ = fs::absolute(city).lexically_normal();
  const auto document = read_document(stage.root_ / "city.json");
  if (!document.ok()) {
    if (document.error().code != "file.not_found") return document.error();
    return not_found("city.not_found",
                     "no city in " + stage.root_.string() + ": quancheng city init --dir …");
  }
  stage.city_ = *document;
  const JsonReader reader(stage.city_, "city.json");
  QC_ASSIGN(stage.chain_, reader.text("chain", 128));
  QC_ASSIGN(stage.url_, reader.text("url", 256));
  for (const char* name : {"members", "plugins"}) {
    const auto list = reader.array(name);
    if (!list.ok()) return list.error();
  }
  if (!url.empty()) stage.url_ = url;
  stage.number_ = next_number(stage.root_);
  stage.folder_ = stage.root_ / ("story-" + std::to_string(stage.number_));
  QC_TRY(make_private_directory(stage.folder_));
  return stage;
}

fs::path Stage::package(const std::string& plugin) const {
  return fs::path(text_of(city_, "plugins_dir")) / plugin;
}

Result<Act> Stage::run(std::vector<std::string> arguments, const std::string& input) const {
  arguments.insert(arguments.begin(), kSelf);
  arguments.emplace_back("--json");
  QC_ASSIGN(const Finished finished, run_process(arguments, input));
  Act act;
  act.exit_code = finished.exit_code;
  act.errors = finished.err;
  const auto parsed = parse_json(finished.out, {16U << 20U, 32});
  if (parsed.ok()) {
    act.json = *parsed;
  } else if (act.exit_code == 0) {
    return internal("story.bad_output", arguments[1] + " printed no document");
  }
  return act;
}

Result<Act> Stage::as_member(const std::string& account, std::vector<std::string> arguments) const {
  for (const std::string& text :
       {std::string("--profile"), in_city("profiles/" + account + ".json").string(),
        std::string("--url"), url_, std::string("--receipts"), receipts().string()}) {
    arguments.push_back(text);
  }
  return run(std::move(arguments));
}

Result<Act> Stage::as_citizen(const fs::path& wallet, std::vector<std::string> arguments) const {
  for (const std::string& text :
       {std::string("--wallet"), wallet.string(), std::string("--passphrase-file"),
        wallet_passphrase().string(), std::string("--url"), url_, std::string("--receipts"),
        receipts().string()}) {
    arguments.push_back(text);
  }
  return run(std::move(arguments));
}

Result<Json> Stage::must(const Result<Act>& act) {
  if (!act.ok()) return act.error();
  if (act->exit_code == 0) return act->json;
  Error error{ErrorKind::kInternal, text_of(act->json, "code"), text_of(act->json, "detail"),
              text_of(act->json, "field")};
  if (error.code.empty()) {
    error.code = "story.failed";
    error.message = act->errors.substr(0, act->errors.find('\n'));
    if (error.message.empty()) error.message = "exit code " + std::to_string(act->exit_code);
  }
  error.txn_id = text_of(act->json, "txn_id");
  return error;
}

}  // namespace qc::cli
