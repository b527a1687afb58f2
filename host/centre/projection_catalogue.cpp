// Rows of items, products, plugins and assets.
#include "host/centre/projection_rows.hpp"

namespace qc::centre::projection {
namespace {

Status item_define(const Entry& entry) {
  return run(entry,
             "INSERT INTO items (position, item, version, department, kind, sensitivity, body) "
             "VALUES (?, ?, ?, ?, ?, ?, ?)",
             {entry.position(), text(entry.body(), "item"), integer(entry.body(), "version"),
              entry.actor(), text(entry.body(), "kind"), integer(entry.body(), "sensitivity"),
              entry.body().dump()});
}

Status product_define(const Entry& entry) {
  const std::string product = text(entry.body(), "product");
  QC_TRY(run(entry,
             "UPDATE products SET status = 'replaced', status_position = ? WHERE product = ? AND "
             "status = 'proposed'",
             {entry.position(), product}));
  return run(entry,
             "INSERT INTO products (position, product, version, owner, status, status_position, "
             "body) VALUES (?, ?, ?, ?, 'proposed', ?, ?)",
             {entry.position(), product, integer(entry.body(), "version"), entry.actor(),
              entry.position(), entry.body().dump()});
}

Status product_approve(const Entry& entry) {
  const std::string product = text(entry.body(), "product");
  QC_TRY(run(entry,
             "UPDATE products SET status = 'replaced', status_position = ? WHERE product = ? AND "
             "status = 'active'",
             {entry.position(), product}));
  return run_on_one(entry,
                    "UPDATE products SET status = 'active', status_position = ? WHERE product = ? "
                    "AND version = ?",
                    {entry.position(), product, integer(entry.body(), "version")});
}

Status plugin_admit(const Entry& entry) {
  const Json& body = entry.body();
  QC_TRY(run(entry,
             "UPDATE plugins SET state = 'replaced', state_position = ? WHERE plugin = ? AND "
             "state = 'admitted'",
             {entry.position(), text(body, "plugin")}));
  return run(entry,
             "INSERT INTO plugins (position, plugin, version, kind, owner, digest, jwk, "
             "capabilities, state, reason, state_position) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'admitted', '', ?)",
             {entry.position(), text(body, "plugin"), text(body, "version"), text(body, "kind"),
              text(body, "owner"), text(body, "digest"), part(body, "jwk").dump(),
              part(body, "capabilities").dump(), entry.position()});
}

Status plugin_withdraw(const Entry& entry) {
  // One package may have been admitted more than once: every admission of it ends.
  return run(entry,
             "UPDATE plugins SET state = 'withdrawn', reason = ?, state_position = ? WHERE plugin "
             "= ? AND digest = ? AND state <> 'withdrawn'",
             {text(entry.body(), "reason"), entry.position(), text(entry.body(), "plugin"),
              text(entry.body(), "digest")});
}

Status asset_issue(const Entry& entry) {
  const Json& body = entry.body();
  const std::string supersedes = text(body, "supersedes");
  if (!supersedes.empty()) {
    QC_TRY(run_on_one(entry,
                      "UPDATE assets SET state = 'superseded', state_position = ? WHERE asset = ?",
                      {entry.position(), supersedes}));
  }
  return run(entry,
             "INSERT INTO assets (position, asset, subject, department, item, version, fields, "
             "as_of_s, expires_s, supersedes, state, state_position) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?)",
             {entry.position(), text(body, "asset"), text(body, "subject"), entry.actor(),
              text(body, "item"), integer(body, "version"), part(body, "fields").dump(),
              integer(body, "as_of"), integer(body, "expires"), supersedes, entry.position()});
}

Status asset_erase(const Entry& entry) {
  return run_on_one(entry, "UPDATE assets SET state = 'erased', state_position = ? WHERE asset = ?",
                    {entry.position(), text(entry.body(), "asset")});
}

}  // namespace

const Family& catalogue() {
  static const Family kFamily = {
      {"item.define", {item_define}},
      {"product.define", {product_define}},
      {"product.approve", {product_approve, true}},
      {"plugin.admit", {plugin_admit, true}},
      {"plugin.withdraw", {plugin_withdraw, true}},
      {"asset.issue", {asset_issue}},
      {"asset.erase", {asset_erase}},
  };
  return kFamily;
}

}  // namespace qc::centre::projection
