// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "roster.hpp"

#include <algorithm>
#include <utility>

namespace storefront {

void Roster::note(std::string_view user_id, std::string_view domain_userid, std::string_view session,
                  std::string_view type, bool simulated, Millis now) {
    const auto user = user_id.empty() ? domain_userid : user_id;
    if (user.empty()) {
        return;
    }
    const std::lock_guard lock{mutex_};
    forget(now);
    Shopper& shopper = shoppers_[std::string{user}];
    if (!user_id.empty() && !domain_userid.empty() && user_id != domain_userid) {
        if (const auto before = shoppers_.find(std::string{domain_userid}); before != shoppers_.end()) {
            shopper.events += before->second.events;
            shoppers_.erase(before);
        }
    }
    shopper.user = user;
    shopper.user_id = user_id;
    if (!domain_userid.empty()) {
        shopper.domain_userid = domain_userid;
    }
    if (!session.empty()) {
        shopper.session = session;
    }
    shopper.last_type = type;
    shopper.simulated = simulated;
    shopper.last = std::max(shopper.last, now);
    ++shopper.events;
}

void Roster::greet(std::string_view user, std::string_view session, Millis now) {
    if (user.empty()) {
        return;
    }
    const std::lock_guard lock{mutex_};
    forget(now);
    Shopper& shopper = shoppers_[std::string{user}];
    shopper.user = user;
    if (shopper.session.empty()) {
        shopper.session = session;
    }
    shopper.last = std::max(shopper.last, now);
}

std::vector<Shopper> Roster::since(Millis since, std::size_t most) const {
    std::vector<Shopper> out;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [user, shopper] : shoppers_) {
            if (shopper.last >= since) {
                out.push_back(shopper);
            }
        }
    }
    std::sort(out.begin(), out.end(),
              [](const Shopper& a, const Shopper& b) { return a.last != b.last ? a.last > b.last : a.user < b.user; });
    if (out.size() > most) {
        out.resize(most);
    }
    return out;
}

void Roster::forget(Millis now) {
    if (now < next_forget_ && shoppers_.size() < max_shoppers) {
        return;
    }
    next_forget_ = now + 10'000;
    Millis keep = now - memory;
    std::erase_if(shoppers_, [&](const auto& entry) { return entry.second.last < keep; });
    // More than that in half an hour: the older half has to go.
    while (shoppers_.size() >= max_shoppers) {
        keep += (now - keep) / 2 + 1;
        std::erase_if(shoppers_, [&](const auto& entry) { return entry.second.last < keep; });
    }
}

}  // namespace storefront
