// The console's real window over the fake city: for the window test and for looking at pictures of
// states that a healthy host does not show.
#include <cstdio>
#include <string>
#include <vector>

#include "gui/console/ui/app.hpp"
#include "tests/gui/console/fake_host.hpp"

using namespace qc;
using namespace qc::console;

// fixture SCENARIO SCRIPT WIDTH HEIGHT SCALE LANG THEME
int main(int argc, char** argv) {
  if (argc != 8) {
    std::fputs("usage: fixture SCENARIO SCRIPT WIDTH HEIGHT SCALE LANG THEME\n", stderr);
    return 2;
  }
  const std::string scenario = argv[1];
  test::FakeCity city;
  AppOptions options;
  std::string account = "jn-data";
  if (scenario == "empty") city.empty = true;
  if (scenario == "down") city.down = true;
  if (scenario == "regulator") account = "pbc-jn";
  if (scenario == "bank") account = "qilu-bank";
  if (scenario == "stranger") account = "";
  if (scenario == "forged") city.forge_receipt = true;
  if (scenario == "slow") city.delay_ms = 1'500;
  if (scenario == "trouble") {
    city.set_plugin("human_resources", "state", "failed");
    city.set_plugin("human_resources", "errors", 17);
    city.set_plugin("human_resources", "reason",
                    "数据库连接失败：社保库 sqlite:/srv/rs.db 无法打开 (plugin.load_failed)");
    city.set_plugin("housing_fund", "state", "draining");
    city.set_plugin("housing_fund", "in_flight", 3);
    city.suspend("qilu-bank");
  }
  const auto script = load_script(argv[2]);
  if (!script.ok()) {
    std::fprintf(stderr, "%s: %s %s\n", script.error().code.c_str(), script.error().message.c_str(),
                 script.error().field.c_str());
    return 2;
  }
  options.script = *script;
  options.scripted = true;
  options.window = {"fixture", std::stoi(argv[3]), std::stoi(argv[4]), std::stof(argv[5]), ""};
  options.preferences.lang = lang_from(argv[6]).value_or(Lang::kZh);
  options.preferences.dark = std::string(argv[7]) == "dark";
  options.sign_in.url = "http://127.0.0.1:8440";
  options.sign_in.key_file = "/srv/quancheng/keys/operator.pem";
  options.sign_in.passphrase = scenario == "wrong" ? "wrong" : "correct";
  options.sign_in_at_once = scenario != "form";
  if (scenario == "form") options.sign_in.passphrase.clear();
  options.step_timeout_s = 10;
  options.print_figures = true;
  const Status ended = run_console(test::connect_to(city, account), options);
  if (ended.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", ended.error().code.c_str(), ended.error().message.c_str());
  return 3;
}
