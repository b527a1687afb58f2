#include "host/http/static_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>

#include "sdk/crypto/sm3.hpp"

namespace qc::http {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 512;
constexpr std::size_t kMaxBytes = 32U << 20U;
// Nothing but this host's own files runs, loads or is spoken to; nobody frames the page.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'";

std::string_view type_of(const std::string& extension) {
  struct Row {
    std::string_view extension, type;
  };
  constexpr std::array kTypes{Row{".html", "text/html; charset=utf-8"},
                              Row{".css", "text/css; charset=utf-8"},
                              Row{".js", "text/javascript; charset=utf-8"},
                              Row{".mjs", "text/javascript; charset=utf-8"},
                              Row{".json", "application/json"},
                              Row{".svg", "image/svg+xml"},
                              Row{".png", "image/png"},
                              Row{".jpg", "image/jpeg"},
                              Row{".webp", "image/webp"},
                              Row{".ico", "image/x-icon"},
                              Row{".woff2", "font/woff2"},
                              Row{".txt", "text/plain; charset=utf-8"},
                              Row{".wasm", "application/wasm"},
                              Row{".webmanifest", "application/manifest+json"}};
  for (const Row& row : kTypes) {
    if (row.extension == extension) return row.type;
  }
  return {};
}

bool url_safe(const std::string& path) {
  return std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
  });
}

Error unreadable(const fs::path& path) {
  return unavailable("http.page_unreadable", "cannot read " + path.filename().string());
}

Result<std::string> read_file(const fs::path& path, std::size_t size) {
  std::ifstream in(path, std::ios::binary);
  std::string content(size, '\0');
  if (!in.read(content.data(), static_cast<std::streamsize>(size))) return unreadable(path);
  return content;
}

}  // namespace

Result<StaticFiles> StaticFiles::load(const std::string& directory) {
  StaticFiles out;
  if (directory.empty()) return out;
  std::error_code failure;
  fs::recursive_directory_iterator it(directory, failure);
  std::size_t total = 0;
  for (; !failure && it != fs::recursive_directory_iterator(); it.increment(failure)) {
    const fs::path& path = it->path();
    const bool hidden = path.filename().string().starts_with('.');
    if (hidden && it->is_directory()) it.disable_recursion_pending();
    if (hidden || it->is_symlink() || !it->is_regular_file()) continue;
    const auto type = type_of(path.extension().string());
    const std::string url = "/" + path.lexically_relative(directory).generic_string();
    if (type.empty() || !url_safe(url)) continue;
    const std::size_t size = it->file_size(failure);
    if (failure) break;
    total += size;
    if (total > kMaxBytes || out.files_.size() == kMaxFiles) {
      return Error{ErrorKind::kTooLarge, "http.page_too_large",
                   "the page may have 512 files and 32 MiB"};
    }
    QC_ASSIGN(std::string content, read_file(path, size));
    std::string tag = "\"" + to_hex(crypto::sm3(content)).substr(0, 32) + "\"";
    out.files_.emplace(url, File{std::move(content), std::string(type), std::move(tag)});
  }
  if (failure) return unreadable(directory);
  return out;
}

std::optional<Response> StaticFiles::find(std::string_view path,
                                          std::string_view if_none_match) const {
  std::string name(path);
  if (name.ends_with('/')) name.append("index.html");
  const auto found = files_.find(name);
  if (found == files_.end()) return std::nullopt;
  const File& file = found->second;
  Response response;
  response.fields = {{"ETag", file.tag},
                     {"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", std::string(kPolicy)},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Permissions-Policy", "camera=(self), geolocation=(), microphone=()"}};
  if (!if_none_match.empty() && if_none_match.find(file.tag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.content_type = file.type;
  response.body = file.content;
  return response;
}

}  // namespace qc::http
