#include "gui/console/model/summary.hpp"

#include <algorithm>
#include <array>

#include "gui/console/model/format.hpp"

namespace qc::console {
namespace {

constexpr std::size_t kMaxLines = 64;

struct Label {
  std::string_view name;
  Text text;
};
constexpr std::array kLabels = {
    Label{"account", Text::kAccount},
    Label{"kind", Text::kKind},
    Label{"asset", Text::kAsset},
    Label{"item", Text::kItems},
    Label{"items", Text::kItems},
    Label{"fields", Text::kFields},
    Label{"version", Text::kVersion},
    Label{"as_of", Text::kAsOf},
    Label{"expires", Text::kExpires},
    Label{"supersedes", Text::kSupersedes},
    Label{"request", Text::kRequest},
    Label{"consumer", Text::kConsumer},
    Label{"product", Text::kProductLabel},
    Label{"purpose", Text::kPurpose},
    Label{"valid.from", Text::kValidFrom},
    Label{"valid.to", Text::kValidTo},
    Label{"max_uses", Text::kMaxUses},
    Label{"release", Text::kReleaseKind},
    Label{"data_life_days", Text::kDataLife},
    Label{"grant", Text::kGrant},
    Label{"access", Text::kAccess},
    Label{"outcome", Text::kOutcome},
    Label{"code", Text::kErrCode},
    Label{"reason", Text::kReason},
};

std::string label_of(const std::string& name, Lang lang) {
  const auto it = std::find_if(kLabels.begin(), kLabels.end(),
                               [&](const Label& label) { return label.name == name; });
  return it == kLabels.end() ? displayable(name) : tr(it->text, lang);
}

bool is_time(std::string_view name) {
  return name == "as_of" || name == "expires" || name == "valid.from" || name == "valid.to";
}

/// Collects the lines of one summary.
class Flattener {
 public:
  Flattener(const Directory& names, Lang lang) : names_(names), lang_(lang) {}

  void add(const Json& value, const std::string& name) {
    if (lines_.size() >= kMaxLines || name == "text_zh" || name == "text_en") return;
    if (value.is_object()) {
      for (const auto& [key, member] : value.items())
        add(member, name.empty() ? key : name + "." + key);
    } else if (value.is_array()) {
      std::string joined;
      for (const Json& entry : value) {
        const std::string text = one(entry, name);
        if (!text.empty()) joined += (joined.empty() ? "" : separator()) + text;
      }
      put(name, joined);
    } else {
      put(name, one(value, name));
    }
  }
  std::vector<SummaryLine> take() { return std::move(lines_); }

 private:
  std::string separator() const { return lang_ == Lang::kZh ? "、" : ", "; }

  void put(const std::string& name, const std::string& value) {
    if (value.empty()) return;
    const bool word = value.size() > 20 && std::all_of(value.begin(), value.end(), [](char c) {
                        return c > ' ' && static_cast<unsigned char>(c) < 0x80;
                      });
    lines_.push_back({label_of(name, lang_), value, word});
  }

  std::string one(const Json& value, const std::string& name) const {
    if (value.is_string()) {
      std::string text = displayable(value.get_ref<const std::string&>());
      if (name == "consumer" || name == "account") return names_.name(text, lang_);
      if (name == "item" || name == "items" || name == "product") return names_.thing(text, lang_);
      if (name == "release" && text == "answer") return tr(Text::kReleaseAnswer, lang_);
      if (name == "release" && text == "fields") return tr(Text::kReleaseFields, lang_);
      if (name == "kind") return member_kind(text, lang_);
      return text;
    }
    if (value.is_number_integer() && is_time(name)) {
      const auto seconds = value.get<std::int64_t>();
      return seconds <= 0 ? "" : date_time(seconds * 1000);
    }
    if (value.is_object() && value.contains("item")) return item_with_fields(value);
    if (value.is_null()) return {};
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
    return displayable(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  std::string item_with_fields(const Json& entry) const {
    std::string out = one(entry["item"], "item");
    const auto fields = entry.find("fields");
    if (fields == entry.end() || !fields->is_array() || fields->empty()) return out;
    std::string joined;
    for (const Json& field : *fields) {
      joined += (joined.empty() ? "" : separator()) + one(field, "field");
    }
    return out + (lang_ == Lang::kZh ? "（" + joined + "）" : " (" + joined + ")");
  }

  const Directory& names_;
  Lang lang_;
  std::vector<SummaryLine> lines_;
};

}  // namespace

std::vector<SummaryLine> summary_lines(const Json& summary, const Directory& names, Lang lang) {
  Flattener flattener(names, lang);
  flattener.add(summary, "");
  return flattener.take();
}

std::string summary_text(const Json& summary, const Directory& names, Lang lang) {
  if (summary.is_object()) {
    const auto text = summary.find(lang == Lang::kZh ? "text_zh" : "text_en");
    if (text != summary.end() && text->is_string() &&
        !text->get_ref<const std::string&>().empty()) {
      return displayable(text->get_ref<const std::string&>());
    }
  }
  std::string out;
  for (const SummaryLine& line : summary_lines(summary, names, lang)) {
    if (!out.empty()) out += " · ";
    out += line.label + " " + (line.identifier ? shortened(line.value) : line.value);
  }
  return out;
}

void add_json_glyphs(const Json& value, GlyphSet& glyphs) {
  if (value.is_string()) {
    add_glyphs(value.get_ref<const std::string&>(), glyphs);
  } else if (value.is_structured()) {
    for (const auto& [name, member] : value.items()) {
      add_glyphs(name, glyphs);
      add_json_glyphs(member, glyphs);
    }
  }
}

}  // namespace qc::console
