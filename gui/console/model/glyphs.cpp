#include "gui/console/model/data.hpp"
#include "gui/console/model/summary.hpp"

namespace qc::console {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// Decodes one code point and advances; a malformed byte gives U+FFFD and advances by one.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const int more = lead < 0x80   ? 0
                   : lead < 0xC2 ? -1
                   : lead < 0xE0 ? 1
                   : lead < 0xF0 ? 2
                   : lead < 0xF5 ? 3
                                 : -1;
  if (more < 0 || at + static_cast<std::size_t>(more) >= text.size()) {
    ++at;
    return kReplacement;
  }
  constexpr unsigned char kMask[4] = {0x7F, 0x1F, 0x0F, 0x07};
  char32_t value = lead & kMask[more];
  for (int i = 1; i <= more; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
    if ((byte & 0xC0U) != 0x80U) {
      ++at;
      return kReplacement;
    }
    value = (value << 6U) | (byte & 0x3FU);
  }
  at += static_cast<std::size_t>(more) + 1;
  return value;
}

void append_utf8(char32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

bool is_control(char32_t c) {
  // Includes direction overrides, with which one text could be made to look like another.
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
         (c >= 0xD800 && c < 0xE000);
}

}  // namespace

std::string displayable(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t c = next_code_point(utf8, at);
    if (is_control(c)) {
      out += ' ';
    } else if (c > 0xFFFF) {
      static constexpr char kHex[] = "0123456789ABCDEF";
      out += "U+";
      for (int shift = c > 0xFFFFF ? 20 : 16; shift >= 0; shift -= 4) {
        out += kHex[(c >> static_cast<unsigned>(shift)) & 0xFU];
      }
    } else {
      append_utf8(c, out);
    }
  }
  return out;
}

void add_glyphs(std::string_view utf8, GlyphSet& glyphs) {
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t c = next_code_point(utf8, at);
    if (c <= 0xFFFF && !is_control(c)) glyphs.set(c);
  }
}

void add_glyphs(const std::vector<Member>& members, GlyphSet& glyphs) {
  for (const Member& m : members) {
    for (const std::string* text : {&m.account, &m.kind, &m.code, &m.name_zh, &m.name_en, &m.uscc,
                                    &m.contact, &m.kid, &m.status}) {
      add_glyphs(*text, glyphs);
    }
  }
}

void add_glyphs(const std::vector<Plugin>& plugins, GlyphSet& glyphs) {
  for (const Plugin& p : plugins) {
    for (const std::string* text : {&p.plugin, &p.version, &p.kind, &p.owner, &p.digest, &p.state,
                                    &p.product, &p.reason, &p.name_zh, &p.name_en}) {
      add_glyphs(*text, glyphs);
    }
    for (const std::string& item : p.items) add_glyphs(item, glyphs);
  }
}

void add_glyphs(const Catalogue& catalogue, GlyphSet& glyphs) {
  for (const Catalogue::Entry& e : catalogue.entries) {
    for (const std::string* text : {&e.id, &e.name_zh, &e.name_en}) add_glyphs(*text, glyphs);
  }
}

void add_glyphs(const std::vector<Flow>& flows, GlyphSet& glyphs) {
  for (const Flow& f : flows) {
    for (const std::string* text : {&f.op, &f.consumer, &f.product, &f.purpose, &f.outcome,
                                    &f.grant, &f.access, &f.subject}) {
      add_glyphs(*text, glyphs);
    }
    for (const std::string& item : f.items) add_glyphs(item, glyphs);
  }
}

void add_glyphs(const Trace& trace, GlyphSet& glyphs) {
  add_glyphs(trace.account, glyphs);
  for (const TraceEvent& e : trace.events) {
    add_glyphs(e.op, glyphs);
    add_glyphs(e.actor, glyphs);
    add_json_glyphs(e.summary, glyphs);
  }
}

}  // namespace qc::console
