// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// LineReader: the lines of a file as views, with readable bytes behind each.
//
// Reads in blocks, so a pipe works like a file. Memory: a block, or the longest line. A line longer than the
// limit is cut there and the rest of it passed over, so that a file without newlines cannot exhaust memory.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace live_shopper {

class LineReader {
public:
    /// `padding`: bytes that are readable behind every line. The file stays the caller's.
    LineReader(std::FILE* file, std::size_t limit, std::size_t padding)
        : file_{file}, limit_{limit}, padding_{padding}, buffer_(block + padding) {}

    /// The next line without its newline (and carriage return), valid until the next call; nothing at the end.
    [[nodiscard]] std::optional<std::string_view> next();

    /// An error kept the file from being read to its end.
    [[nodiscard]] bool failed() const { return std::ferror(file_) != 0; }
    [[nodiscard]] std::size_t bytes_read() const { return bytes_read_; }

private:
    static constexpr std::size_t block = std::size_t{1} << 20;

    bool fill();

    std::FILE* file_;
    std::size_t limit_;
    std::size_t padding_;
    std::vector<char> buffer_;
    std::size_t first_ = 0;  // of the bytes not handed out yet
    std::size_t last_ = 0;   // past the bytes read
    std::size_t bytes_read_ = 0;
};

inline std::optional<std::string_view> LineReader::next() {
    std::size_t searched = 0;
    std::size_t cut = 0;  // where a line that is too long was cut
    for (;;) {
        const char* const begin = buffer_.data() + first_;
        const auto* const newline =
            static_cast<const char*>(std::memchr(begin + searched, '\n', last_ - first_ - searched));
        if (newline != nullptr) {
            const auto length = static_cast<std::size_t>(newline - begin);
            first_ += length + 1;
            std::string_view line{begin, cut != 0 ? cut : length};
            if (cut == 0 && !line.empty() && line.back() == '\r') {
                line.remove_suffix(1);
            }
            return line;
        }
        searched = last_ - first_;
        if (searched > limit_) {
            cut = limit_ + 1;
            last_ = first_ + cut;  // the rest of the line is not kept
            searched = cut;
        }
        if (!fill()) {
            if (first_ == last_) {
                return std::nullopt;
            }
            const std::string_view line{buffer_.data() + first_, cut != 0 ? cut : last_ - first_};
            first_ = last_;
            return line;
        }
    }
}

inline bool LineReader::fill() {
    if (first_ != 0) {
        std::memmove(buffer_.data(), buffer_.data() + first_, last_ - first_);
        last_ -= first_;
        first_ = 0;
    }
    if (last_ + block / 2 + padding_ > buffer_.size()) {
        buffer_.resize(buffer_.size() * 2);
    }
    const std::size_t count = std::fread(buffer_.data() + last_, 1, buffer_.size() - padding_ - last_, file_);
    last_ += count;
    bytes_read_ += count;
    return count != 0;
}

}  // namespace live_shopper
