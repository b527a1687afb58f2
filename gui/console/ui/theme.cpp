#include "gui/console/ui/theme.hpp"

namespace qc::console {
namespace {

constexpr ImU32 rgb(unsigned hex) {
  return IM_COL32((hex >> 16U) & 0xFFU, (hex >> 8U) & 0xFFU, hex & 0xFFU, 255);
}
constexpr ImU32 rgba(unsigned hex, unsigned alpha) {
  return (rgb(hex) & ~IM_COL32_A_MASK) | (alpha << IM_COL32_A_SHIFT);
}

constexpr Palette kLight = {
    .ground = rgb(0xF4F6F8),
    .surface = rgb(0xFFFFFF),
    .raised = rgb(0xFFFFFF),
    .sunken = rgb(0xF4F6F8),
    .hover = rgb(0xF0F4F7),
    .selected = rgb(0xDFF1F3),
    .line = rgb(0xDCE2E8),
    .line_soft = rgb(0xEBEFF3),
    .text = rgb(0x17212B),
    .text_muted = rgb(0x5B6875),
    .text_faint = rgb(0x98A4B0),
    .accent = rgb(0x0B7285),
    .accent_hover = rgb(0x095C6B),
    .on_accent = rgb(0xFFFFFF),
    .tone = {rgb(0x5B6875), rgb(0x0B7285), rgb(0x15803D), rgb(0xA65A00), rgb(0xC0262D)},
    .tone_soft = {rgb(0xECF0F3), rgb(0xDFF1F3), rgb(0xE3F4E8), rgb(0xFCF0DC), rgb(0xFCE6E6)},
    .veil = rgba(0x0E1720, 96),
    .brand_top = rgb(0x0B7285),
    .brand_bottom = rgb(0x083C4B),
    .on_brand = rgb(0xFFFFFF),
    .on_brand_muted = rgba(0xFFFFFF, 190),
};

constexpr Palette kDark = {
    .ground = rgb(0x0F151B),
    .surface = rgb(0x161E26),
    .raised = rgb(0x1D2731),
    .sunken = rgb(0x101820),
    .hover = rgb(0x1D2832),
    .selected = rgb(0x12383F),
    .line = rgb(0x2A3641),
    .line_soft = rgb(0x202A34),
    .text = rgb(0xE6ECF2),
    .text_muted = rgb(0x9AA8B5),
    .text_faint = rgb(0x62707D),
    .accent = rgb(0x3CC4D6),
    .accent_hover = rgb(0x64D5E3),
    .on_accent = rgb(0x06262C),
    .tone = {rgb(0x9AA8B5), rgb(0x3CC4D6), rgb(0x4ADE80), rgb(0xFBBF4B), rgb(0xFB7B7B)},
    .tone_soft = {rgb(0x232E38), rgb(0x11363D), rgb(0x143524), rgb(0x3B2D12), rgb(0x41201F)},
    .veil = rgba(0x000000, 150),
    .brand_top = rgb(0x0C4A58),
    .brand_bottom = rgb(0x08232B),
    .on_brand = rgb(0xF2F8FA),
    .on_brand_muted = rgba(0xF2F8FA, 170),
};

ImVec4 vec(ImU32 colour) { return ImGui::ColorConvertU32ToFloat4(colour); }

}  // namespace

const Palette& palette(bool dark) { return dark ? kDark : kLight; }

ImU32 faded(ImU32 colour, float opacity) {
  const float alpha = static_cast<float>((colour >> IM_COL32_A_SHIFT) & 0xFFU) * opacity;
  return (colour & ~IM_COL32_A_MASK) | (static_cast<ImU32>(alpha) << IM_COL32_A_SHIFT);
}

void apply_style(const Palette& p, float scale) {
  ImGuiStyle style;
  style.WindowPadding = {0, 0};
  style.WindowBorderSize = 0;
  style.WindowRounding = 0;
  style.ChildBorderSize = 0;
  style.PopupBorderSize = 1;
  style.PopupRounding = 8;
  style.FramePadding = {12, 8};
  style.FrameRounding = 6;
  style.FrameBorderSize = 1;
  style.ItemSpacing = {8, 8};
  style.ItemInnerSpacing = {8, 4};
  style.CellPadding = {8, 0};
  style.ScrollbarSize = 10;
  style.ScrollbarRounding = 5;
  style.GrabMinSize = 24;
  style.TouchExtraPadding = {0, 0};
  style.DisabledAlpha = 1.0F;  // controls draw their own disabled look
  style.AntiAliasedLinesUseTex = true;
  ImVec4* c = style.Colors;
  c[ImGuiCol_Text] = vec(p.text);
  c[ImGuiCol_TextDisabled] = vec(p.text_faint);
  c[ImGuiCol_WindowBg] = vec(p.ground);
  c[ImGuiCol_ChildBg] = {0, 0, 0, 0};
  c[ImGuiCol_PopupBg] = vec(p.raised);
  c[ImGuiCol_Border] = vec(p.line);
  c[ImGuiCol_BorderShadow] = {0, 0, 0, 0};
  c[ImGuiCol_FrameBg] = vec(p.surface);
  c[ImGuiCol_FrameBgHovered] = vec(p.surface);
  c[ImGuiCol_FrameBgActive] = vec(p.surface);
  c[ImGuiCol_ScrollbarBg] = {0, 0, 0, 0};
  c[ImGuiCol_ScrollbarGrab] = vec(p.line);
  c[ImGuiCol_ScrollbarGrabHovered] = vec(p.text_faint);
  c[ImGuiCol_ScrollbarGrabActive] = vec(p.text_muted);
  c[ImGuiCol_Header] = vec(p.selected);
  c[ImGuiCol_HeaderHovered] = vec(p.hover);
  c[ImGuiCol_HeaderActive] = vec(p.selected);
  c[ImGuiCol_Separator] = vec(p.line);
  c[ImGuiCol_TableHeaderBg] = vec(p.sunken);
  c[ImGuiCol_TableBorderStrong] = vec(p.line);
  c[ImGuiCol_TableBorderLight] = vec(p.line_soft);
  c[ImGuiCol_TableRowBg] = {0, 0, 0, 0};
  c[ImGuiCol_TableRowBgAlt] = {0, 0, 0, 0};
  c[ImGuiCol_TextSelectedBg] = vec(faded(p.accent, 0.35F));
  c[ImGuiCol_NavHighlight] = vec(p.accent);
  c[ImGuiCol_ModalWindowDimBg] = vec(p.veil);
  style.ScaleAllSizes(scale);
  ImGui::GetStyle() = style;
}

}  // namespace qc::console
