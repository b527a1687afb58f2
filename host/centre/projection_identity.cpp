// Rows of members, subjects, their keys and mandates.
#include "host/centre/projection_rows.hpp"

namespace qc::centre::projection {
namespace {

Status insert_member(const Entry& entry, const Json& body, const std::string& kind) {
  return run(
      entry,
      "INSERT INTO members (position, account, kind, code, name_zh, name_en, uscc, contact, "
      "jwk, kid, status, status_position) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?)",
      {entry.position(), text(body, "account"), kind, text(body, "code"), text(body, "name_zh"),
       text(body, "name_en"), text(body, "uscc"), text(body, "contact"), part(body, "jwk").dump(),
       text(part(body, "jwk"), "kid"), entry.position()});
}

Status network_found(const Entry& entry) {
  return insert_member(entry, part(entry.body(), "operator"), "operator");
}

Status member_admit(const Entry& entry) {
  return insert_member(entry, entry.body(), text(entry.body(), "kind"));
}

Status member_status(const Entry& entry) {
  return run_on_one(entry, "UPDATE members SET status = ?, status_position = ? WHERE account = ?",
                    {std::string(entry.op() == "member.suspend" ? "suspended" : "active"),
                     entry.position(), text(entry.body(), "account")});
}

/// `account` may be a subject's, whose keys the view does not hold.
Status replace_key(const Entry& entry, const std::string& account) {
  QC_TRY(
      run(entry,
          "INSERT INTO retired_keys (position, account, jwk) SELECT ?, account, jwk FROM members "
          "WHERE account = ?",
          {entry.position(), account}));
  return run(entry, "UPDATE members SET jwk = ?, kid = ? WHERE account = ?",
             {part(entry.body(), "jwk").dump(), text(part(entry.body(), "jwk"), "kid"), account});
}

Status key_rotate(const Entry& entry) { return replace_key(entry, entry.actor()); }

Status member_rebind(const Entry& entry) {
  return replace_key(entry, text(entry.body(), "account"));
}

/// What the old key granted, for others too, rests until it is resumed.
Status subject_rebind(const Entry& entry) {
  return run(entry,
             "UPDATE grants SET state = CASE state WHEN 'ACTIVE' THEN 'PAUSED' ELSE 'REVOKED' END, "
             "state_position = ? WHERE state IN ('ACTIVE', 'PENDING_COSIGN') AND (subject = ? OR "
             "grant_id IN (SELECT grant_id FROM grant_actors WHERE actor = ?))",
             {entry.position(), text(entry.body(), "account"), text(entry.body(), "account")});
}

Status insert_mandate(const Entry& entry, const char* subject, const char* holder,
                      const std::string& role, bool cosign) {
  const Json& body = entry.body();
  return run(
      entry,
      "INSERT INTO mandates (position, mandate, parent, subject, holder, role, cosign, state, "
      "state_position) VALUES (?, ?, ?, ?, ?, ?, ?, 'ACTIVE', ?)",
      {entry.position(), text(body, "mandate"), text(body, "parent"), text(body, subject),
       text(body, holder), role, std::int64_t{cosign}, entry.position()});
}

Status guardian_appoint(const Entry& entry) {
  return insert_mandate(entry, "ward", "guardian", "guardian",
                        entry.body().value("required", 1) == 2);
}

Status mandate_give(const Entry& entry) {
  return insert_mandate(entry, "enterprise", "holder", text(entry.body(), "role"),
                        part(entry.body(), "cosign") == true);
}

/// Grants fall with the mandate that they were given under.
Status revoke_ended(const Entry& entry) {
  return run(entry,
             "UPDATE grants SET state = 'REVOKED', state_position = ? WHERE state IN ('ACTIVE', "
             "'PAUSED', 'PENDING_COSIGN') AND grant_id IN (SELECT grant_id FROM grant_actors WHERE "
             "mandate IN "
             "(SELECT mandate FROM mandates WHERE state = 'ENDED' AND state_position = ?))",
             {entry.position(), entry.position()});
}

Status mandate_end(const Entry& entry) {
  const std::string mandate = text(entry.body(), "mandate");
  // Those that its holder gave as administrator of the same enterprise first.
  QC_TRY(run(entry,
             "UPDATE mandates SET state = 'ENDED', state_position = ? WHERE state = 'ACTIVE' AND "
             "parent = ?",
             {entry.position(), mandate}));
  QC_TRY(run_on_one(entry,
                    "UPDATE mandates SET state = 'ENDED', state_position = ? WHERE mandate = ?",
                    {entry.position(), mandate}));
  return revoke_ended(entry);
}

Status enterprise_represent(const Entry& entry) {
  QC_TRY(run(entry,
             "UPDATE mandates SET state = 'ENDED', state_position = ? WHERE state = 'ACTIVE' AND "
             "subject = ?",
             {entry.position(), text(entry.body(), "account")}));
  return revoke_ended(entry);
}

Status subject_open(const Entry& entry) {
  return run(entry, "INSERT INTO subjects (position, account, kind) VALUES (?, ?, ?)",
             {entry.position(), text(entry.body(), "account"), text(entry.body(), "kind")});
}

}  // namespace

const Family& identity() {
  static const Family kFamily = {
      {"network.found", {network_found}},
      {"member.admit", {member_admit, true}},
      {"member.suspend", {member_status, true}},
      {"member.resume", {member_status, true}},
      {"member.rebind", {member_rebind, true}},
      {"key.rotate", {key_rotate}},
      {"subject.open", {subject_open}},
      {"subject.rebind", {subject_rebind}},
      {"guardian.appoint", {guardian_appoint}},
      {"mandate.give", {mandate_give}},
      {"mandate.end", {mandate_end}},
      {"enterprise.represent", {enterprise_represent}},
  };
  return kFamily;
}

}  // namespace qc::centre::projection
