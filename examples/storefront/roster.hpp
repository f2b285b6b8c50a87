// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Roster: who was in the shop lately. Any thread.
//
// A visitor who signs in is one shopper from then on: what was noted under the domain_userid goes over to the user_id,
// as in the features.

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text.hpp"

namespace storefront {

struct Shopper {
    std::string user;  // the user_id, else the domain_userid: what features are kept under
    std::string user_id;
    std::string domain_userid;
    std::string session;
    std::string last_type;
    std::uint64_t events = 0;
    Millis last = 0;
    bool simulated = false;

    /// What tells the person at the browser from others, signed in or not.
    [[nodiscard]] const std::string& person() const noexcept { return domain_userid.empty() ? user : domain_userid; }
};

/// Whose events a page wants: of a user, of a session, of either, or nobody's.
struct Whose {
    std::string user;
    std::string session;

    /// Whether what happened to a shopper of these ids is theirs.
    [[nodiscard]] bool is(std::string_view who, std::string_view domain_userid,
                          std::string_view in_session) const noexcept {
        return (!user.empty() && (user == who || user == domain_userid)) || (!session.empty() && session == in_session);
    }
};

class Roster {
public:
    static constexpr Millis memory = Millis{30} * 60 * 1000;

    void note(std::string_view user_id, std::string_view domain_userid, std::string_view session, std::string_view type,
              bool simulated, Millis now);

    /// Somebody whose page is open, known from the page alone.
    void greet(std::string_view user, std::string_view session, Millis now);

    /// Those heard of since `since`, latest first, at most `most`.
    [[nodiscard]] std::vector<Shopper> since(Millis since, std::size_t most) const;

private:
    void forget(Millis now);

    static constexpr std::size_t max_shoppers = 50'000;

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Shopper> shoppers_;  // by user
    Millis next_forget_ = 0;
};

}  // namespace storefront
