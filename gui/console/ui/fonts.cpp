#include "gui/console/ui/fonts.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <ft2build.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include FT_FREETYPE_H

#include <imgui_freetype.h>

#include "gui/console/model/strings.hpp"

namespace qc::console {
namespace {

namespace fs = std::filesystem;

/// Simplified Chinese faces, best first. The index is that of the SC face in the collection.
struct Candidate {
  const char* regular;
  int regular_index;
  const char* strong;
  int strong_index;
  int mono_index;  ///< of a fixed-width face in the regular file, -1 when it has none
};
constexpr Candidate kCandidates[] = {
    {"opentype/noto/NotoSansCJK-Regular.ttc", 2, "opentype/noto/NotoSansCJK-Bold.ttc", 2, 7},
    {"noto-cjk/NotoSansCJK-Regular.ttc", 2, "noto-cjk/NotoSansCJK-Bold.ttc", 2, 7},
    {"google-noto-cjk/NotoSansCJK-Regular.ttc", 2, "google-noto-cjk/NotoSansCJK-Bold.ttc", 2, 7},
    {"opentype/source-han-sans/SourceHanSansSC-Regular.otf", 0,
     "opentype/source-han-sans/SourceHanSansSC-Bold.otf", 0, -1},
    {"truetype/wqy/wqy-microhei.ttc", 0, "", 0, 1},
    {"truetype/wqy/wqy-zenhei.ttc", 0, "", 0, 1},
    {"truetype/droid/DroidSansFallbackFull.ttf", 0, "", 0, -1},
};

std::vector<fs::path> font_folders() {
  std::vector<fs::path> out;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    out.push_back(fs::path(home) / ".local/share/fonts");
    out.push_back(fs::path(home) / ".fonts");
  }
  out.emplace_back("/usr/local/share/fonts");
  out.emplace_back("/usr/share/fonts");
  return out;
}

bool readable(const fs::path& file) {
  std::error_code failure;
  return fs::is_regular_file(file, failure) && access(file.c_str(), R_OK) == 0;
}

/// Pixels of line height for one pixel of em: the atlas builder takes the former.
Result<float> line_height_per_em(const void* data, std::size_t size, int index) {
  FT_Library library = nullptr;
  if (FT_Init_FreeType(&library) != 0) return internal("font.unreadable", "FreeType fails");
  const std::unique_ptr<FT_LibraryRec_, decltype(&FT_Done_FreeType)> guard(library,
                                                                           &FT_Done_FreeType);
  FT_Face face = nullptr;
  if (FT_New_Memory_Face(library, static_cast<const FT_Byte*>(data), static_cast<FT_Long>(size),
                         index, &face) != 0) {
    return invalid("font.unreadable", "not a font, or no face of that index");
  }
  const std::unique_ptr<FT_FaceRec_, decltype(&FT_Done_Face)> face_guard(face, &FT_Done_Face);
  if (face->units_per_EM == 0) return invalid("font.unreadable", "not a scalable font");
  return static_cast<float>(face->ascender - face->descender) /
         static_cast<float>(face->units_per_EM);
}

std::vector<ImWchar> ranges_of(const GlyphSet& glyphs) {
  std::vector<ImWchar> out;
  for (std::size_t c = 1; c < glyphs.size(); ++c) {
    if (!glyphs.test(c)) continue;
    std::size_t end = c;
    while (end + 1 < glyphs.size() && glyphs.test(end + 1)) ++end;
    out.push_back(static_cast<ImWchar>(c));
    out.push_back(static_cast<ImWchar>(end));
    c = end;
  }
  out.push_back(0);
  return out;
}

void add_ranges(const ImWchar* ranges, GlyphSet& glyphs) {
  for (; ranges[0] != 0; ranges += 2) {
    for (unsigned c = ranges[0]; c <= ranges[1]; ++c) glyphs.set(c);
  }
}

}  // namespace

struct Fonts::Mapped {
  void* data = MAP_FAILED;
  std::size_t size = 0;
  int index = 0;
  float line_height = 1.0F;

  Mapped() = default;
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() {
    if (data != MAP_FAILED) munmap(data, size);
  }
};

Fonts::Fonts() = default;
Fonts::~Fonts() = default;

Result<FontFiles> find_fonts(const std::string& chosen) {
  if (!chosen.empty()) {
    FontFile file{chosen, 0};
    const auto colon = chosen.rfind(':');
    if (colon != std::string::npos && colon + 2 == chosen.size() && chosen[colon + 1] >= '0' &&
        chosen[colon + 1] <= '9') {
      file = {chosen.substr(0, colon), chosen[colon + 1] - '0'};
    }
    if (!readable(file.path)) {
      return not_found("font.not_found", "cannot read the font " + file.path.string());
    }
    return FontFiles{file, file, file};
  }
  for (const Candidate& c : kCandidates) {
    for (const fs::path& folder : font_folders()) {
      const fs::path regular = folder / c.regular;
      if (!readable(regular)) continue;
      FontFiles out;
      out.regular = {regular, c.regular_index};
      out.strong = out.regular;
      if (*c.strong != '\0' && readable(folder / c.strong)) {
        out.strong = {folder / c.strong, c.strong_index};
      }
      out.mono = c.mono_index < 0 ? out.regular : FontFile{regular, c.mono_index};
      return out;
    }
  }
  return not_found("font.not_found",
                   "no font with simplified Chinese was found; install the package "
                   "fonts-noto-cjk, or name a font with --font FILE");
}

GlyphSet base_glyphs() {
  GlyphSet out;
  for (std::size_t c = 0x20; c < 0x7F; ++c) out.set(c);
  for (std::size_t c = 0xA0; c < 0x100; ++c) out.set(c);
  add_glyphs("–—‘’“”…·←↑→↓×≤≥、。《》「」【】（），：；？！％￥", out);
  out.set(0xFFFD);
  out.reset(0xAD);  // soft hyphen: no glyph of its own
  for (int i = 0; i < static_cast<int>(Text::kCount); ++i) {
    add_glyphs(tr(static_cast<Text>(i), Lang::kZh), out);
    add_glyphs(tr(static_cast<Text>(i), Lang::kEn), out);
  }
  return out;
}

Result<std::unique_ptr<Fonts>> Fonts::open(const FontFiles& files) {
  std::unique_ptr<Fonts> out(new Fonts);
  const std::array wanted = {files.regular, files.strong, files.mono};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string name = wanted[i].path.string();
    const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return invalid("font.unreadable", "cannot open " + name);
    struct stat about {};
    auto mapped = std::make_unique<Mapped>();
    if (fstat(fd, &about) == 0 && about.st_size > 0) {
      mapped->size = static_cast<std::size_t>(about.st_size);
      mapped->data = mmap(nullptr, mapped->size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    ::close(fd);
    if (mapped->data == MAP_FAILED) return invalid("font.unreadable", "cannot read " + name);
    mapped->index = wanted[i].index;
    auto height = line_height_per_em(mapped->data, mapped->size, mapped->index);
    if (!height.ok()) return invalid("font.unreadable", name + ": " + height.error().message);
    mapped->line_height = *height;
    out->files_[i] = std::move(mapped);
  }
  return out;
}

Status Fonts::build(ImFontAtlas& atlas, float scale, const GlyphSet& extra) {
  const GlyphSet texts = base_glyphs();
  GlyphSet body = texts | extra;
  // Measured (docs in README.md): the common range is cheap at 1x; at 2x it would be four times
  // the texture, so there only what is shown is built.
  if (scale < 1.5F) add_ranges(atlas.GetGlyphRangesChineseSimplifiedCommon(), body);
  GlyphSet latin;
  for (std::size_t c = 0x20; c < 0x7F; ++c) latin.set(c);
  add_glyphs("…–", latin);

  struct Plan {
    Face face;
    std::size_t file;
    float em;
    const GlyphSet* glyphs;
  };
  const Plan plans[kFaces] = {{Face::kBody, 0, 14, &body},
                              {Face::kStrong, 1, 14, &body},
                              {Face::kSmall, 0, 12, &body},
                              {Face::kTitle, 1, 22, &texts},
                              {Face::kMono, 2, 13, &latin}};
  atlas.Clear();
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
  atlas.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
  atlas.Flags |= ImFontAtlasFlags_NoPowerOfTwoHeight;
  for (const Plan& plan : plans) {
    const Mapped& file = *files_[plan.file];
    const auto at = static_cast<std::size_t>(plan.face);
    ranges_[at] = ranges_of(*plan.glyphs);
    ImFontConfig config;
    config.FontDataOwnedByAtlas = false;
    config.FontNo = file.index;
    config.OversampleH = 1;
    config.PixelSnapH = true;
    // The face puts Chinese characters low in its line; this centres them.
    config.GlyphOffset.y = -std::round(0.12F * plan.em * scale);
    config.EllipsisChar = 0x2026;
    const float pixels = std::round(plan.em * scale * file.line_height);
    faces_[at] = atlas.AddFontFromMemoryTTF(file.data, static_cast<int>(file.size), pixels, &config,
                                            ranges_[at].data());
    if (faces_[at] == nullptr) return internal("font.unreadable", "the font was not accepted");
    faces_[at]->FallbackChar = 0xFFFD;
  }
  if (!atlas.Build()) return internal("font.unreadable", "the glyph atlas could not be built");
  wanted_ = body;
  return {};
}

bool Fonts::has(Face face, std::uint16_t code_point) const {
  const ImFont* font = faces_[static_cast<std::size_t>(face)];
  return font != nullptr && font->FindGlyphNoFallback(code_point) != nullptr;
}

}  // namespace qc::console
