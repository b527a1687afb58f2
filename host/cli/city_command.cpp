// quancheng city …: the sample city.
#include "host/cli/commands.hpp"
#include "host/cli/show.hpp"
#include "samples/city/city.hpp"

namespace qc::cli {
namespace {

struct InitOptions {
  std::string dir, plugins_dir = "plugins", sql_dir = "sql", page_dir, listen = "127.0.0.1";
  std::int64_t port = 8440, people = 200, seed = 370199;
};

Result<Output> init(const InitOptions& options) {
  samples::CityOptions city;
  city.directory = options.dir;
  city.plugins_dir = options.plugins_dir;
  city.sql_dir = options.sql_dir;
  city.page_dir = options.page_dir;
  city.listen = options.listen;
  city.port = static_cast<int>(options.port);
  city.people = static_cast<int>(options.people);
  city.seed = static_cast<std::uint64_t>(options.seed);
  QC_ASSIGN(const samples::City made, samples::init_city(city));
  Output output;
  output.json = {{"chain", made.chain},
                 {"directory", made.directory.string()},
                 {"config", (made.directory / "host.toml").string()},
                 {"members", made.members},
                 {"people", made.people}};
  output.text =
      "✓ 示例城市已建立 sample city made\n" + line("网络 network", made.chain) +
      line("目录 folder", made.directory.string()) + line("成员 members", joined(made.members)) +
      line("居民 people", std::to_string(made.people)) +
      line("启动 start", "quancheng-host --config " + (made.directory / "host.toml").string());
  return output;
}

}  // namespace

void add_city(Command root) {
  Command group = root.sub("city", "示例城市 · synthetic sample city");
  Command command =
      group.sub("init", "建立密钥、成员、数据库与配置 · make keys, members, databases");
  auto options = std::make_shared<InitOptions>();
  command.text("-d,--dir", options->dir, "目录(须为空) · folder, absent or empty", Need::kRequired);
  command.text("--plugins-dir", options->plugins_dir, "插件目录 · built plugin packages");
  command.text("--sql-dir", options->sql_dir, "SQL 迁移目录 · the folder sql/");
  command.text("--page-dir", options->page_dir, "保险箱网页 · safe box page to serve");
  command.text("--listen", options->listen, "监听地址 · address to listen on");
  command.number("--port", options->port, "端口,0 为任意 · port, 0 = any free one", 0, 65535);
  command.number("--people", options->people, "居民人数 · number of synthetic people", 1, 100000);
  command.number("--seed", options->seed, "随机种子 · seed of the population", 0, INT64_MAX);
  command.action([options] { return init(*options); });
}

}  // namespace qc::cli
