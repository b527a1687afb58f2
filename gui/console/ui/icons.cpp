#include "gui/console/ui/icons.hpp"

#include <cmath>

namespace qc::console {
namespace {

constexpr float kPi = 3.14159265F;

/// Draws in a 24 x 24 grid.
class Pen {
 public:
  Pen(ImDrawList& list, ImVec2 centre, float size, ImU32 colour)
      : list_(list),
        unit_(size / 24.0F),
        origin_(centre.x - size / 2, centre.y - size / 2),
        colour_(colour),
        stroke_(std::max(1.2F, size / 24.0F * 1.8F)) {}

  ImVec2 at(float x, float y) const { return {origin_.x + x * unit_, origin_.y + y * unit_}; }
  void line(float x1, float y1, float x2, float y2) {
    list_.AddLine(at(x1, y1), at(x2, y2), colour_, stroke_);
  }
  void path(std::initializer_list<ImVec2> points, bool closed = false) {
    for (const ImVec2& p : points) list_.PathLineTo(at(p.x, p.y));
    list_.PathStroke(colour_, closed ? ImDrawFlags_Closed : ImDrawFlags_None, stroke_);
  }
  void box(float x1, float y1, float x2, float y2, float round) {
    list_.AddRect(at(x1, y1), at(x2, y2), colour_, round * unit_, 0, stroke_);
  }
  void solid(float x1, float y1, float x2, float y2, float round) {
    list_.AddRectFilled(at(x1, y1), at(x2, y2), colour_, round * unit_);
  }
  void ring(float x, float y, float r) {
    list_.AddCircle(at(x, y), r * unit_, colour_, 0, stroke_);
  }
  void disc(float x, float y, float r) { list_.AddCircleFilled(at(x, y), r * unit_, colour_); }
  void arc(float x, float y, float r, float from, float to) {
    list_.PathArcTo(at(x, y), r * unit_, from * kPi, to * kPi, 24);
    list_.PathStroke(colour_, ImDrawFlags_None, stroke_);
  }
  void triangle(ImVec2 a, ImVec2 b, ImVec2 c) {
    list_.AddTriangleFilled(at(a.x, a.y), at(b.x, b.y), at(c.x, c.y), colour_);
  }

 private:
  ImDrawList& list_;
  float unit_;
  ImVec2 origin_;
  ImU32 colour_;
  float stroke_;
};

void draw_view_icon(Pen& pen, Icon icon) {
  switch (icon) {
    case Icon::kOverview:
      pen.box(4, 4, 10.5F, 10.5F, 1.5F);
      pen.box(13.5F, 4, 20, 10.5F, 1.5F);
      pen.box(4, 13.5F, 10.5F, 20, 1.5F);
      pen.box(13.5F, 13.5F, 20, 20, 1.5F);
      return;
    case Icon::kMembers:
      pen.ring(9, 8.5F, 3.5F);
      pen.arc(9, 20, 6, 1, 2);
      pen.arc(15.5F, 8.5F, 3.3F, -0.5F, 0.5F);
      pen.arc(15.5F, 20, 5.5F, 1.62F, 2);
      return;
    case Icon::kPlugins:
      pen.line(9, 3.5F, 9, 8);
      pen.line(15, 3.5F, 15, 8);
      pen.path({{6, 8}, {18, 8}});
      pen.path({{7, 8}, {7, 11}});
      pen.path({{17, 8}, {17, 11}});
      pen.arc(12, 11, 5, 0, 1);
      pen.line(12, 16, 12, 20.5F);
      return;
    case Icon::kTrace:
      pen.ring(6.5F, 6, 2.5F);
      pen.ring(17.5F, 18, 2.5F);
      pen.path({{9, 6}, {15, 6}});
      pen.arc(15, 9, 3, -0.5F, 0.5F);
      pen.path({{15, 12}, {9, 12}});
      pen.arc(9, 15, 3, 0.5F, 1.5F);
      pen.path({{9, 18}, {15, 18}});
      return;
    default:
      return;
  }
}

void draw_state_icon(Pen& pen, Icon icon) {
  switch (icon) {
    case Icon::kCheck:
      pen.path({{5, 12.5F}, {10, 17.5F}, {19, 7}});
      return;
    case Icon::kCross:
      pen.line(6, 6, 18, 18);
      pen.line(18, 6, 6, 18);
      return;
    case Icon::kWarning:
      pen.path({{12, 4}, {21, 19.5F}, {3, 19.5F}}, true);
      pen.line(12, 9.5F, 12, 14);
      pen.disc(12, 16.8F, 1.1F);
      return;
    case Icon::kInfo:
      pen.ring(12, 12, 8.5F);
      pen.line(12, 11, 12, 16.5F);
      pen.disc(12, 7.8F, 1.1F);
      return;
    case Icon::kDot:
      pen.disc(12, 12, 4.5F);
      return;
    case Icon::kShield:
      pen.path(
          {{12, 3.5F}, {19, 6}, {19, 12}, {16.5F, 17}, {12, 20.5F}, {7.5F, 17}, {5, 12}, {5, 6}},
          true);
      pen.path({{8.5F, 12}, {11, 14.5F}, {15.5F, 9.5F}});
      return;
    case Icon::kEmpty:
      pen.path({{4, 13}, {7, 5}, {17, 5}, {20, 13}, {20, 19}, {4, 19}}, true);
      pen.path({{4, 13}, {9, 13}, {10.5F, 15.5F}, {13.5F, 15.5F}, {15, 13}, {20, 13}});
      return;
    default:
      return;
  }
}

void draw_tool_icon(Pen& pen, Icon icon) {
  switch (icon) {
    case Icon::kSearch:
      pen.ring(10.5F, 10.5F, 6);
      pen.line(15, 15, 20, 20);
      return;
    case Icon::kRefresh:
      pen.arc(12, 12, 8, 0.12F, 1.83F);
      pen.path({{20, 4}, {20, 9}, {15, 9}});
      return;
    case Icon::kCopy:
      pen.box(8.5F, 8.5F, 20, 20, 2);
      pen.path({{15.5F, 4}, {5.5F, 4}, {4, 5.5F}, {4, 15.5F}});
      return;
    case Icon::kPlay:
      pen.triangle({7, 4.5F}, {20, 12}, {7, 19.5F});
      return;
    case Icon::kDrain:
      pen.line(12, 3.5F, 12, 14);
      pen.path({{7.5F, 10}, {12, 14.5F}, {16.5F, 10}});
      pen.path({{4, 16}, {4, 20}, {20, 20}, {20, 16}});
      return;
    case Icon::kStop:
      pen.solid(6, 6, 18, 18, 2);
      return;
    case Icon::kChevron:
      pen.path({{9.5F, 6}, {15.5F, 12}, {9.5F, 18}});
      return;
    case Icon::kCommand:
      pen.box(3.5F, 5, 20.5F, 19, 2.5F);
      pen.path({{7.5F, 9}, {10.5F, 12}, {7.5F, 15}});
      pen.line(12.5F, 15, 16.5F, 15);
      return;
    case Icon::kEye:
    case Icon::kEyeOff:
      pen.arc(12, 18, 10.5F, 1.21F, 1.79F);
      pen.arc(12, 6, 10.5F, 0.21F, 0.79F);
      pen.ring(12, 12, 2.6F);
      if (icon == Icon::kEyeOff) pen.line(5, 19, 19, 5);
      return;
    default:
      return;
  }
}

void draw_thing_icon(Pen& pen, Icon icon) {
  switch (icon) {
    case Icon::kSun:
      pen.ring(12, 12, 4);
      for (int i = 0; i < 8; ++i) {
        const float a = static_cast<float>(i) * kPi / 4;
        pen.line(12 + 7 * std::cos(a), 12 + 7 * std::sin(a), 12 + 9.3F * std::cos(a),
                 12 + 9.3F * std::sin(a));
      }
      return;
    case Icon::kMoon:
      pen.arc(12, 12, 8, 0.05F, 1.45F);
      pen.arc(17, 7.5F, 6.6F, 0.6F, 1.1F);
      return;
    case Icon::kGlobe:
      pen.ring(12, 12, 8.5F);
      pen.line(3.5F, 12, 20.5F, 12);
      pen.arc(19, 12, 11, 0.78F, 1.22F);
      pen.arc(5, 12, 11, -0.22F, 0.22F);
      return;
    case Icon::kSignOut:
      pen.path({{13, 4.5F}, {5, 4.5F}, {5, 19.5F}, {13, 19.5F}});
      pen.line(10, 12, 20, 12);
      pen.path({{16, 8}, {20, 12}, {16, 16}});
      return;
    case Icon::kKey:
      pen.ring(8, 15.5F, 4);
      pen.path({{11, 12.5F}, {19.5F, 4}});
      pen.path({{16, 7.5F}, {19, 10.5F}});
      return;
    case Icon::kLock:
      pen.box(5, 10.5F, 19, 20, 2);
      pen.path({{8, 10.5F}, {8, 8}});
      pen.path({{16, 10.5F}, {16, 8}});
      pen.arc(12, 8, 4, 1, 2);
      return;
    case Icon::kServer:
      pen.box(4, 4, 20, 11, 2);
      pen.box(4, 13, 20, 20, 2);
      pen.disc(8, 7.5F, 1.1F);
      pen.disc(8, 16.5F, 1.1F);
      return;
    case Icon::kFile:
      pen.path({{6, 3.5F}, {14, 3.5F}, {18.5F, 8}, {18.5F, 20.5F}, {6, 20.5F}}, true);
      pen.path({{13.5F, 3.5F}, {13.5F, 8.5F}, {18.5F, 8.5F}});
      return;
    case Icon::kLedger:
      pen.box(4, 4, 9, 9, 1.5F);
      pen.box(15, 4, 20, 9, 1.5F);
      pen.box(9.5F, 15, 14.5F, 20, 1.5F);
      pen.path({{6.5F, 9}, {6.5F, 12}, {17.5F, 12}, {17.5F, 9}});
      pen.line(12, 12, 12, 15);
      return;
    default:
      return;
  }
}

}  // namespace

void draw_icon(ImDrawList& list, Icon icon, ImVec2 centre, float size, ImU32 colour) {
  Pen pen(list, {std::round(centre.x), std::round(centre.y)}, size, colour);
  draw_view_icon(pen, icon);
  draw_state_icon(pen, icon);
  draw_tool_icon(pen, icon);
  draw_thing_icon(pen, icon);
}

void draw_mark(ImDrawList& list, ImVec2 top_left, float size, ImU32 ground, ImU32 ink) {
  const float u = size / 32.0F;
  list.AddRectFilled(top_left, {top_left.x + size, top_left.y + size}, ground, 8 * u);
  const auto spout = [&](float x, float top) {
    list.AddRectFilled({top_left.x + (x - 1.6F) * u, top_left.y + top * u},
                       {top_left.x + (x + 1.6F) * u, top_left.y + 19 * u}, ink, 1.6F * u);
  };
  spout(10.2F, 11.5F);
  spout(16, 7);
  spout(21.8F, 11.5F);
  for (int i = 0; i <= 24; ++i) {
    const float x = 5.5F + 21.0F * static_cast<float>(i) / 24;
    const float y = 23.6F - 1.5F * std::sin((x - 5.5F) / 21.0F * 3 * kPi);
    list.PathLineTo({top_left.x + x * u, top_left.y + y * u});
  }
  list.PathStroke(ink, ImDrawFlags_None, 2.4F * u);
}

Icon tone_icon(Tone tone) {
  switch (tone) {
    case Tone::kOk:
      return Icon::kCheck;
    case Tone::kWarn:
      return Icon::kWarning;
    case Tone::kBad:
      return Icon::kCross;
    case Tone::kInfo:
      return Icon::kInfo;
    case Tone::kNeutral:
      return Icon::kDot;
  }
  return Icon::kNone;
}

Icon view_icon(View view) {
  constexpr Icon kIcons[kViews] = {Icon::kOverview, Icon::kMembers, Icon::kPlugins, Icon::kTrace};
  return kIcons[static_cast<int>(view)];
}

}  // namespace qc::console
