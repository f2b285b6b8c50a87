// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "static_files.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "text.hpp"

namespace storefront {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_size = std::uintmax_t{16} << 20;

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> types{
    {{".html", "text/html; charset=utf-8"},
     {".css", "text/css; charset=utf-8"},
     {".js", "text/javascript; charset=utf-8"},
     {".mjs", "text/javascript; charset=utf-8"},
     {".json", "application/json"},
     {".map", "application/json"},
     {".webmanifest", "application/manifest+json"},
     {".svg", "image/svg+xml"},
     {".png", "image/png"},
     {".jpg", "image/jpeg"},
     {".webp", "image/webp"},
     {".ico", "image/x-icon"},
     {".woff2", "font/woff2"},
     {".txt", "text/plain; charset=utf-8"}}};

bool is_plain(std::string_view segment) {
    return is_plain_name(segment) && segment.front() != '.' && segment.size() <= 128;
}

std::optional<std::vector<std::string_view>> segments(std::string_view path) {
    std::vector<std::string_view> out;
    if (!path.starts_with('/')) {
        return std::nullopt;
    }
    path.remove_prefix(1);
    if (path.empty()) {
        return out;
    }
    for (;;) {
        const auto slash = path.find('/');
        out.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) {
            return out;
        }
        path.remove_prefix(slash + 1);
    }
}

// A file under `folder`, all links followed.
bool is_file_within(const fs::path& file, const fs::path& folder) {
    std::error_code error;
    const auto real = fs::canonical(file, error);
    if (error || !fs::is_regular_file(real, error)) {
        return false;
    }
    const auto [left, right] = std::mismatch(folder.begin(), folder.end(), real.begin(), real.end());
    return left == folder.end();
}

fs::path canonical_folder(const std::string& folder) {
    std::error_code error;
    auto path = fs::canonical(folder, error);
    if (error || !fs::is_directory(path, error)) {
        return {};
    }
    return path;
}

}  // namespace

StaticFiles::StaticFiles(const std::string& folder, const std::string& vendor_folder, std::vector<std::string> hidden)
    : folder_{canonical_folder(folder)},
      vendor_{canonical_folder(vendor_folder.empty() ? folder + "/vendor" : vendor_folder)},
      hidden_{std::move(hidden)} {
    if (folder_.empty()) {
        throw std::runtime_error(fmt::format("{}: no such folder; say where the pages are with --www", folder));
    }
}

fs::path StaticFiles::resolve(std::string_view path) const {
    const auto parts = segments(path);
    if (!parts) {
        return {};
    }
    if (parts->empty()) {
        const auto index = folder_ / "index.html";
        return is_file_within(index, folder_) ? index : fs::path{};
    }
    // The last part of /product/ID and /category/NAME is for the page to read.
    if (parts->size() == 2 && (parts->front() == "product" || parts->front() == "category") && !parts->back().empty()) {
        const auto page = folder_ / (std::string{parts->front()} + ".html");
        return is_file_within(page, folder_) ? page : fs::path{};
    }
    const bool vendor = parts->front() == "vendor";
    const fs::path& root = vendor ? vendor_ : folder_;
    if (root.empty() || !std::all_of(parts->begin(), parts->end(), is_plain) || (vendor && parts->size() == 1)) {
        return {};
    }
    if (parts->size() == 1 && std::find(hidden_.begin(), hidden_.end(), parts->front()) != hidden_.end()) {
        return {};
    }
    fs::path file = root;
    for (std::size_t i = vendor ? 1 : 0; i < parts->size(); ++i) {
        file /= fs::path{std::string{(*parts)[i]}};
    }
    if (!file.has_extension()) {
        file += ".html";
    }
    return is_file_within(file, root) ? file : fs::path{};
}

void StaticFiles::serve(std::string_view path, const httplib::Request& request, httplib::Response& response) const {
    auto file = resolve(path);
    if (file.empty()) {
        response.status = 404;
        file = resolve("/404");
        if (file.empty()) {
            response.set_content("Not found\n", "text/plain; charset=utf-8");
            return;
        }
    } else {
        response.status = 200;
    }
    std::error_code error;
    const auto size = fs::file_size(file, error);
    const auto changed = static_cast<std::uint64_t>(fs::last_write_time(file, error).time_since_epoch().count());
    if (error || size > max_size) {
        response.status = 404;
        response.set_content("Not found\n", "text/plain; charset=utf-8");
        return;
    }
    const auto tag = fmt::format("\"{:x}-{:x}\"", changed, size);
    response.set_header("ETag", tag);
    const bool kept = path.starts_with("/vendor/") || path.starts_with("/pictures/");
    response.set_header("Cache-Control", kept && response.status == 200 ? "public, max-age=3600" : "no-cache");
    if (response.status == 200 && request.get_header_value("If-None-Match") == tag) {
        response.status = 304;
        return;
    }
    std::ifstream in{file, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{in}, {}};
    const auto extension = file.extension().string();
    const auto type = std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.first == extension; });
    response.set_content(content, std::string{type == types.end() ? "application/octet-stream" : type->second});
}

}  // namespace storefront
