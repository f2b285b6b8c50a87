// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// StaticFiles: the shop's pages from a folder, and nothing from beside it.
//
// A path is taken segment by segment: one that is empty, begins with a dot or holds anything but plain characters finds
// nothing, and so does a link that leads out of the folder. Any thread.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <httplib.h>

namespace storefront {

class StaticFiles {
public:
    /// `hidden` are files of the folder's top that are never served. Throws std::runtime_error where there is no such
    /// folder.
    StaticFiles(const std::string& folder, const std::string& vendor_folder, std::vector<std::string> hidden);

    /// Answers a GET or HEAD; `path` is decoded.
    void serve(std::string_view path, const httplib::Request& request, httplib::Response& response) const;

    /// The file that a path means; empty where there is none.
    [[nodiscard]] std::filesystem::path resolve(std::string_view path) const;

private:
    std::filesystem::path folder_;
    std::filesystem::path vendor_;
    std::vector<std::string> hidden_;
};

}  // namespace storefront
