// Every glyph that the console draws is in the atlas: no display is needed for this.
#include <gtest/gtest.h>

#include "gui/console/model/strings.hpp"
#include "gui/console/ui/fonts.hpp"
#include "tests/gui/console/fake_host.hpp"
#include "tests/paths.hpp"

namespace qc::console {
namespace {

void expect_all(const Fonts& fonts, Face face, const GlyphSet& glyphs) {
  for (std::size_t c = 0x20; c < glyphs.size(); ++c) {
    if (!glyphs.test(c)) continue;
    EXPECT_TRUE(fonts.has(face, static_cast<std::uint16_t>(c)))
        << "no glyph for U+" << std::hex << c << " in face " << static_cast<int>(face);
  }
}

GlyphSet all_texts() {
  GlyphSet out;
  for (int i = 0; i < static_cast<int>(Text::kCount); ++i) {
    add_glyphs(tr(static_cast<Text>(i), Lang::kZh), out);
    add_glyphs(tr(static_cast<Text>(i), Lang::kEn), out);
  }
  return out;
}

class Glyphs : public testing::TestWithParam<float> {};

TEST_P(Glyphs, EveryTextAndAllDataHaveTheirs) {
  const auto files = find_fonts("");
  ASSERT_TRUE(files.ok()) << files.error().message;
  auto fonts = Fonts::open(*files);
  ASSERT_TRUE(fonts.ok()) << fonts.error().message;
  // Data that the texts do not have: a rare name, a rare place.
  GlyphSet data;
  add_glyphs("趵突泉黑虎泉濼口鑾鸑翀孖堃甪直龘账溯 12,345.67 ¥", data);
  test::FakeCity city;
  const auto members = parse_members(*city.get("/v1/members"));
  ASSERT_TRUE(members.ok());
  add_glyphs(*members, data);
  ImFontAtlas atlas;
  ASSERT_TRUE((*fonts)->build(atlas, GetParam(), data).ok());
  EXPECT_TRUE((*fonts)->built_for(data));
  for (const Face face : {Face::kBody, Face::kStrong, Face::kSmall}) {
    expect_all(**fonts, face, all_texts() | data);
  }
  expect_all(**fonts, Face::kTitle, all_texts());
  GlyphSet unseen;
  add_glyphs("鱻", unseen);
  EXPECT_FALSE((*fonts)->built_for(unseen));
  const double mib = static_cast<double>(atlas.TexWidth) * atlas.TexHeight * 4 / 1048576;
  RecordProperty("atlas_mib", std::to_string(mib));
  EXPECT_LT(mib, 24);
}

INSTANTIATE_TEST_SUITE_P(Scales, Glyphs, testing::Values(1.0F, 2.0F));

TEST(Fonts, AMissingOrBrokenFontIsToldClearly) {
  EXPECT_EQ(find_fonts("/no/such/font.ttc").error().code, "font.not_found");
  const FontFile broken{qc::tests::source_dir() + "/CMakeLists.txt", 0};
  EXPECT_EQ(Fonts::open({broken, broken, broken}).error().code, "font.unreadable");
}

}  // namespace
}  // namespace qc::console
