// quancheng department …: what a department does.
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/package.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"

namespace qc::cli {
namespace {

struct PublishOptions {
  ConnectionOptions to;
  std::string package;
};

bool already_published(const Json& items, const Json& item) {
  for (const Json& entry : items) {
    if (text_of(entry, "item") == text_of(item, "item") &&
        entry.value("version", Json()) == item.value("version", Json())) {
      return true;
    }
  }
  return false;
}

Result<Output> publish_items(const PublishOptions& options) {
  QC_ASSIGN(const Package package, read_package(options.package));
  QC_ASSIGN(const Json description, describe_package(package));
  const auto items = description.find("items");
  if (items == description.end() || !items->is_array() || items->empty()) {
    return invalid("package.invalid", "the plugin describes no item", "items");
  }
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const Json known, fetch_items(*session.client));
  Output output;
  output.json["items"] = Json::array();
  for (const Json& item : *items) {
    Json row = {{"item", text_of(item, "item")}, {"version", item.value("version", Json())}};
    if (already_published(known, item)) {
      row["outcome"] = "already_published";
      output.text +=
          "– 已在目录 already there: " + text_of(item, "item") + " " + name_of(item) + "\n";
    } else {
      QC_ASSIGN(const client::Submitted done, session.submit("item.define", item));
      row["outcome"] = "published";
      row["tx"] = done.tx;
      row["index"] = done.index;
      output.text += "✓ 目录发布 published: " + text_of(item, "item") + " " + name_of(item) + " (" +
                     std::to_string(item.value("fields", Json::array()).size()) + " 字段 fields)\n";
    }
    output.json["items"].push_back(row);
  }
  return output;
}

}  // namespace

void add_department(Command root) {
  Command group = root.sub("department", "政府部门 · government department");
  auto options = std::make_shared<PublishOptions>();
  Command command =
      group.sub("publish-items", "把插件的数据目录上链 · put the plugin's items on the ledger");
  add_connection(command, options->to);
  command.text("package", options->package, "插件包目录 · folder with manifest.json",
               Need::kRequired);
  command.action([options] { return publish_items(*options); });
}

}  // namespace qc::cli
