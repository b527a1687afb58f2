// Texts for people: money, times, names of operations, aligned lines. Both languages side by side.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sdk/base/json.hpp"

namespace qc::cli {

/// "¥ 123,456.00" from fen.
std::string money(std::int64_t fen);
/// "3.45 %" from hundredths of a percent.
std::string percent(std::int64_t basis_points);
/// "2026-01-31 09:05:07" in local time; "–" for 0.
std::string time_text(std::int64_t seconds);
/// The first 10 characters and an ellipsis, for hashes and ids.
std::string shortened(std::string_view text);
/// "授权创建 grant created" for "grant.create".
std::string operation(std::string_view op);
/// A name in both languages from "name_zh" and "name_en".
std::string name_of(const Json& entry);
/// One JSON value as text: strings bare, the rest as JSON.
std::string value_text(const Json& value);
/// A field's value by its dictionary type: "m" (fen) as money, "b" as 是/否, null as "–".
std::string field_text(const Json& value, std::string_view type);
/// Pads with blanks to `columns`; a Chinese character counts two.
std::string padded(std::string_view text, std::size_t columns);
/// "  label  value\n"
std::string line(std::string_view label, std::string_view value);
/// The lines of a product's decision: the outcome, what it offers where it offers something (a
/// product that lends nothing has no amount, rate and term), and the reasons.
std::string decision_text(const Json& decision);
/// Joins a JSON array of texts with ", ".
std::string joined(const Json& texts);

}  // namespace qc::cli
