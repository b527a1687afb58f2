// Finds the Chinese font and builds the glyph atlas.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include <imgui.h>

#include "gui/console/model/data.hpp"

namespace qc::console {

/// Three sizes (12, 14 and 22 px to the em), one strong cut and one of fixed width.
enum class Face { kBody, kStrong, kSmall, kTitle, kMono };
inline constexpr int kFaces = 5;

struct FontFile {
  std::filesystem::path path;
  int index = 0;  ///< within a collection (.ttc)
};
struct FontFiles {
  FontFile regular, strong, mono;
};

/// Looks in the usual folders for a face with simplified Chinese. `chosen` ("file" or
/// "file:index") overrides. Error: "font.not_found", which names the package to install.
Result<FontFiles> find_fonts(const std::string& chosen);

/// Latin, punctuation and both languages' texts.
GlyphSet base_glyphs();

/// The fonts of one ImGui context. Thread contract: the drawing thread.
class Fonts {
 public:
  /// Maps the files. Error: "font.unreadable".
  static Result<std::unique_ptr<Fonts>> open(const FontFiles& files);
  ~Fonts();
  Fonts(const Fonts&) = delete;
  Fonts& operator=(const Fonts&) = delete;

  /// Fills `atlas` anew for this scale. Body and small sizes hold `extra`, the texts of both
  /// languages and, at a scale below 1.5, the common Chinese range; the title size holds the texts.
  /// Not between NewFrame and Render. Error: "font.unreadable".
  Status build(ImFontAtlas& atlas, float scale, const GlyphSet& extra);

  /// True when the body size was built for all of these.
  bool built_for(const GlyphSet& glyphs) const { return (glyphs & ~wanted_).none(); }
  ImFont* face(Face face) const { return faces_[static_cast<std::size_t>(face)]; }
  /// True when the built face draws this code point with a glyph of its own.
  bool has(Face face, std::uint16_t code_point) const;

 private:
  struct Mapped;
  Fonts();
  std::array<std::unique_ptr<Mapped>, 3> files_;  // regular, strong, mono
  std::array<ImFont*, kFaces> faces_{};
  std::array<std::vector<ImWchar>, kFaces> ranges_;  // the atlas points into these
  GlyphSet wanted_;
};

}  // namespace qc::console
