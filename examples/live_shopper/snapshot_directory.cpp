// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "snapshot_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "log.hpp"

namespace live_shopper {
namespace {

constexpr std::string_view suffix = ".snapshot";
constexpr std::size_t digits = 20;
constexpr std::size_t kept = 2;

std::string error_text() { return std::strerror(errno); }

// A name of a file that no other text makes.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                           c == '-' || (c == '.' && !out.empty());
        out += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

class File {
public:
    explicit File(int descriptor) : descriptor_{descriptor} {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace

SnapshotDirectory::SnapshotDirectory(std::string directory, std::string_view name)
    : directory_{std::move(directory)},
      name_{escaped(name)},
      temporary_{directory_ + '/' + name_ + '.' + std::to_string(::getpid()) + ".writing"} {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    const File probe{::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (error || probe.descriptor() < 0) {
        throw std::runtime_error{
            fmt::format("snapshots cannot be written to {}: {}", directory_, error ? error.message() : error_text())};
    }
    // What processes have left that are no more.
    for (const auto& entry : std::filesystem::directory_iterator{directory_, error}) {
        const std::string file = entry.path().filename().string();
        if (file.starts_with(name_ + '.') && file.ends_with(".writing")) {
            std::filesystem::remove(entry.path(), error);
        }
    }
    thread_ = std::thread{[this] { work(); }};
}

SnapshotDirectory::~SnapshotDirectory() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    news_.notify_one();
    thread_.join();
    drop();
}

void SnapshotDirectory::give(Kind kind, std::vector<std::byte> part) {
    {
        const std::lock_guard lock{mutex_};
        if (kind != Kind::append && kind != Kind::complete) {
            state_ = kind == Kind::begin ? State::open : State::none;
            tasks_.clear();  // of another
            waiting_ = 0;
        }
        if (state_ == State::failed) {
            return;
        }
        state_ = kind == Kind::complete ? State::busy : state_;
        waiting_ += part.size();
        tasks_.push_back({kind, std::move(part)});
    }
    news_.notify_one();
}

void SnapshotDirectory::begin() { give(Kind::begin); }
void SnapshotDirectory::append(std::vector<std::byte> part) { give(Kind::append, std::move(part)); }
void SnapshotDirectory::complete() { give(Kind::complete); }
void SnapshotDirectory::abandon() { give(Kind::abandon); }

SnapshotStore::State SnapshotDirectory::state() const {
    const std::lock_guard lock{mutex_};
    return state_;
}

bool SnapshotDirectory::full() const {
    const std::lock_guard lock{mutex_};
    return waiting_ > most_waiting;
}

void SnapshotDirectory::work() {
    std::unique_lock lock{mutex_};
    for (;;) {
        news_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
        if (stopping_) {
            return;
        }
        const Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        const std::string error = carry_out(task);
        lock.lock();
        waiting_ -= std::min(waiting_, task.part.size());
        const bool replaced =
            std::any_of(tasks_.begin(), tasks_.end(), [](const Task& t) { return t.kind == Kind::begin; });
        if (!error.empty()) {
            log::warn("a snapshot cannot be written", {{"directory", directory_}, {"error", error}});
        }
        if (!replaced && (!error.empty() || task.kind == Kind::complete) && state_ != State::none) {
            state_ = failed_ ? State::failed : State::kept;
        }
    }
}

std::string SnapshotDirectory::carry_out(const Task& task) {
    std::string error;
    switch (task.kind) {
        case Kind::begin:
            drop();
            failed_ = false;
            file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            error = file_ < 0 ? error_text() : "";
            break;
        case Kind::append:
            error = failed_ ? "" : write(task.part);
            break;
        case Kind::complete:
            error = failed_ ? "" : keep();
            break;
        case Kind::abandon:
            drop();
            break;
    }
    if (!error.empty()) {
        failed_ = true;
        drop();
    }
    return error;
}

std::string SnapshotDirectory::write(const std::vector<std::byte>& part) const {
    for (std::size_t at = 0; at != part.size();) {
        const auto written = ::write(file_, part.data() + at, part.size() - at);
        if (written < 0 && errno != EINTR) {
            return error_text();
        }
        at += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    return {};
}

// The name comes when the bytes are safe, and is safe itself before older ones go.
std::string SnapshotDirectory::keep() {
    auto all = numbers();
    const std::uint64_t number = all.empty() ? 1 : all.front() + 1;
    const File directory{::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (::fsync(file_) != 0 || ::close(std::exchange(file_, -1)) != 0 ||
        ::rename(temporary_.c_str(), path(number).c_str()) != 0 || ::fsync(directory.descriptor()) != 0) {
        return error_text();
    }
    for (std::size_t i = kept - 1; i < all.size(); ++i) {
        ::unlink(path(all[i]).c_str());
    }
    return {};
}

void SnapshotDirectory::drop() {
    if (file_ >= 0) {
        ::close(std::exchange(file_, -1));
    }
    ::unlink(temporary_.c_str());
}

std::string SnapshotDirectory::path(std::uint64_t number) const {
    return fmt::format("{}/{}-{:0{}}{}", directory_, name_, number, digits, suffix);
}

std::vector<std::uint64_t> SnapshotDirectory::numbers() const {
    std::vector<std::uint64_t> all;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator{directory_, error};
         !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
        const std::string file = entry->path().filename().string();
        std::uint64_t number = 0;
        if (file.size() == name_.size() + 1 + digits + suffix.size() && file.starts_with(name_ + '-') &&
            file.ends_with(suffix)) {
            const char* const first = file.data() + name_.size() + 1;
            if (const auto [end, wrong] = std::from_chars(first, first + digits, number);
                wrong == std::errc{} && end == first + digits) {
                all.push_back(number);
            }
        }
    }
    std::sort(all.rbegin(), all.rend());
    return all;
}

std::vector<std::string> SnapshotDirectory::names() {
    std::vector<std::string> all;
    for (const std::uint64_t number : numbers()) {
        all.push_back(path(number));
    }
    return all;
}

std::optional<SnapshotStore::Bytes> SnapshotDirectory::read(const std::string& name) {
    const File file{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status {};
    if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0) {
        return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) {
        return Bytes{};
    }
    // Mapped, it takes no memory beside the state that is made of it. A disk that cannot be read has to be found out
    // before: then it would end the process.
    std::vector<char> buffer(std::size_t{1} << 20);
    for (std::size_t at = 0; at != size;) {
        const auto got = ::pread(file.descriptor(), buffer.data(), buffer.size(), static_cast<off_t>(at));
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return std::nullopt;
        }
        at += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
    if (bytes == MAP_FAILED) {
        return std::nullopt;
    }
    return Bytes{{static_cast<const std::byte*>(bytes), size},
                 std::shared_ptr<const void>{bytes, [size](const void* at) { ::munmap(const_cast<void*>(at), size); }}};
}

}  // namespace live_shopper
