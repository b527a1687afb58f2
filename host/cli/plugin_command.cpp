// quancheng plugin …: what a plugin's author and publisher do, from an empty folder to a signed
// package. The operator's side is `quancheng operator admit-plugin` and `operator plugin`.
#include "host/cli/plugin_command.hpp"

#include "host/cli/commands.hpp"

namespace qc::cli {

void add_plugin(Command root) {
  Command group = root.sub("plugin", "插件作者与发布方 · author and publisher of a plugin");
  add_plugin_project(group);
  add_plugin_check(group);
  add_plugin_pack(group);
  add_plugin_sign(group);
  add_plugin_inspect(group);
}

}  // namespace qc::cli
