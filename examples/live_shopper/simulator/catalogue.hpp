// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the simulated shop sells and who comes to it. All of it is invented.

#include <array>
#include <cstdint>
#include <string_view>

namespace shop_simulator {

struct Product {
    std::string_view id;
    std::string_view name;
    std::string_view brand;
    std::string_view category;
    std::int64_t cents;
};

inline constexpr std::array<std::string_view, 6> categories{"Tents",    "Backpacks", "Stoves",
                                                            "Lanterns", "Boots",     "Jackets"};

inline constexpr std::array<Product, 24> products{{
    {"TN-101", "Skerry one-person tent", "Norrvik", "Tents", 21'900},
    {"TN-102", "Skerry two-person tent", "Norrvik", "Tents", 28'950},
    {"TN-140", "Fellside tunnel tent", "Alder & Pine", "Tents", 41'999},
    {"TN-177", "Summer tarp", "Quillon", "Tents", 6'450},
    {"BP-201", "Halyard day pack 18 l", "Brightwater", "Backpacks", 5'999},
    {"BP-202", "Halyard trek pack 45 l", "Brightwater", "Backpacks", 13'999},
    {"BP-230", "Cairn ultralight 35 l", "Halden", "Backpacks", 16'500},
    {"BP-255", "Market roll-top", "Quillon", "Backpacks", 4'299},
    {"ST-301", "Ember gas stove", "Alder & Pine", "Stoves", 3'995},
    {"ST-302", "Ember wind shield", "Alder & Pine", "Stoves", 1'250},
    {"ST-330", "Driftwood burner", "Norrvik", "Stoves", 7'400},
    {"ST-345", "Titanium pot 900 ml", "Halden", "Stoves", 5'250},
    {"LN-401", "Tallow lantern", "Quillon", "Lanterns", 2'499},
    {"LN-402", "Beacon head torch", "Brightwater", "Lanterns", 3'450},
    {"LN-430", "Moth camp light", "Quillon", "Lanterns", 1'899},
    {"LN-444", "Beacon spare battery", "Brightwater", "Lanterns", 995},
    {"BT-501", "Scree hiking boot", "Halden", "Boots", 17'995},
    {"BT-502", "Scree low shoe", "Halden", "Boots", 12'995},
    {"BT-520", "Bog wellington", "Norrvik", "Boots", 7'995},
    {"BT-533", "Camp slipper", "Alder & Pine", "Boots", 3'299},
    {"JK-601", "Squall rain jacket", "Brightwater", "Jackets", 15'900},
    {"JK-602", "Squall rain trousers", "Brightwater", "Jackets", 9'900},
    {"JK-640", "Hearth down jacket", "Norrvik", "Jackets", 24'900},
    {"JK-655", "Lee wind shirt", "Quillon", "Jackets", 5'495},
}};

struct Campaign {
    std::string_view source;
    std::string_view medium;
    std::string_view name;
};

inline constexpr std::array<Campaign, 4> campaigns{{
    {"newsletter", "email", "first-frost"},
    {"search", "cpc", "tents-2026"},
    {"magazine", "banner", "long-weekend"},
    {"friends", "social", "bring-a-friend"},
}};

inline constexpr std::array<std::string_view, 8> searches{"tent", "warm", "light", "stove",
                                                          "rain", "gift", "sale",  "pack"};

struct Device {
    std::string_view platform;
    std::string_view user_agent;
};

inline constexpr std::array<Device, 5> devices{{
    {"web", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/135.0.0.0 Safari/537.36"},
    {"web",
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/135.0.0.0 Safari/537.36"},
    {"web",
     "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 "
     "Safari/605.1.15"},
    {"mob",
     "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/18.4 Mobile/15E148 Safari/604.1"},
    {"mob",
     "Mozilla/5.0 (Linux; Android 15; Tablet) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/135.0.0.0 Safari/537.36"},
}};

struct Place {
    std::string_view city;
    std::string_view country;
    std::string_view region;
};

inline constexpr std::array<Place, 6> places{{
    {"Bergen", "NO", "46"},
    {"Utrecht", "NL", "UT"},
    {"Leeds", "GB", "ENG"},
    {"Porto", "PT", "13"},
    {"Graz", "AT", "6"},
    {"Tartu", "EE", "79"},
}};

inline constexpr std::array<std::string_view, 16> given_names{"ada",  "bo",   "cleo", "dag",  "edda", "finn",
                                                              "gia",  "hugo", "ines", "juno", "kaia", "levi",
                                                              "mira", "nils", "olga", "pia"};
inline constexpr std::array<std::string_view, 12> family_names{"alder", "brook", "crane", "dell", "eastwick", "fell",
                                                               "grove", "heath", "isle",  "lund", "marsh",    "thorn"};

}  // namespace shop_simulator
