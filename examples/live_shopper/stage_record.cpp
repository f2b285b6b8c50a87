// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "stage_record.hpp"

#include <array>
#include <limits>

#include "stable_hash.hpp"

namespace live_shopper {
namespace {

using Wide = weir::Decimal::Wide;
using UnsignedWide = weir::Decimal::UnsignedWide;

constexpr char version = 1;

// The second byte: the kind, and these.
constexpr std::uint8_t kind_bits = 0x0F;
constexpr std::uint8_t has_time = 0x10;
constexpr std::uint8_t is_idle = 0x20;

// Bits of what an event has.
constexpr std::uint64_t has_marketing = 1;
constexpr std::uint64_t has_total = 2;
constexpr std::uint64_t has_revenue = 4;
constexpr std::uint64_t has_step = 8;
constexpr std::uint64_t has_products = 16;
constexpr unsigned first_text = 5;

constexpr std::uint8_t product_has_price = 1;
constexpr std::uint8_t product_has_quantity = 2;

constexpr std::array texts{
    &ShopEvent::id,
    &ShopEvent::user_id,
    &ShopEvent::domain_userid,
    &ShopEvent::session_id,
    &ShopEvent::list_name,
    &ShopEvent::transaction_id,
    &ShopEvent::page_url,
    &ShopEvent::marketing_campaign,
    &ShopEvent::marketing_source,
    &ShopEvent::platform,
    &ShopEvent::city,
    &ShopEvent::country,
    &ShopEvent::region,
};

template <class Unsigned>
void append_number(std::string& out, Unsigned n) {
    for (; n >= 0x80; n >>= 7) {
        out += static_cast<char>(static_cast<std::uint8_t>(n) | 0x80U);
    }
    out += static_cast<char>(n);
}

void append_signed(std::string& out, Wide n) {
    append_number(out, n < 0 ? (~static_cast<UnsignedWide>(n) << 1) | 1 : static_cast<UnsignedWide>(n) << 1);
}

void append_time(std::string& out, weir::Timestamp t) { append_signed(out, t.time_since_epoch().count()); }

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

void append_head(std::string& out, const StageRecord& record) {
    out += version;
    out += static_cast<char>(static_cast<std::uint8_t>(record.kind) | (record.time ? has_time : 0U) |
                             (record.idle ? is_idle : 0U));
    append_number(out, record.source);
    append_number(out, record.sources);
    if (record.time) {
        append_time(out, *record.time);
    }
    if (record.kind == StageRecord::Kind::for_user || record.kind == StageRecord::Kind::give_up) {
        append_text(out, record.user);
        append_number(out, record.origin);
    }
}

// Beyond anything that the decoder makes of prices and quantities, and far from where sums overflow.
constexpr Wide most_millionths = Wide{1'000'000'000'000'000'000} * 1'000'000'000'000'000'000;
constexpr std::uint64_t most_quantity = 1'000'000'000;
constexpr Wide most_milliseconds = Wide{1} << 53;  // from 1970, so that lengths of time can be added and taken away

// Reads from the front; once something is not there, nothing is.
class Bytes {
public:
    explicit Bytes(std::string_view bytes) : left_{bytes} {}

    template <class Unsigned = std::uint64_t>
    Unsigned number() {
        Unsigned n = 0;
        for (unsigned shift = 0; shift < 8 * sizeof(Unsigned); shift += 7) {
            const std::uint8_t next = byte();
            const auto bits = static_cast<Unsigned>(next & 0x7FU);
            if ((bits << shift) >> shift != bits) {
                break;  // beyond what it can hold
            }
            n |= bits << shift;
            if ((next & 0x80U) == 0) {
                return n;
            }
        }
        fail();
        return 0;
    }

    Wide wide() {
        const auto n = number<UnsignedWide>();
        return static_cast<Wide>((n & 1) != 0 ? ~(n >> 1) : n >> 1);
    }

    weir::Decimal decimal() {
        const Wide n = wide();
        if (n < -most_millionths || n > most_millionths) {
            fail();
            return {};
        }
        return weir::Decimal::from_millionths(n);
    }

    weir::Timestamp time() {
        const Wide n = wide();
        if (n < -most_milliseconds || n > most_milliseconds) {
            fail();
            return {};
        }
        return weir::Timestamp{weir::Duration{static_cast<std::int64_t>(n)}};
    }

    std::uint8_t byte() {
        if (left_.empty()) {
            fail();
            return 0;
        }
        const auto first = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return first;
    }

    std::string_view text() {
        const auto size = number();
        if (size > left_.size()) {
            fail();
            return {};
        }
        const auto text = left_.substr(0, size);
        left_.remove_prefix(size);
        return text;
    }

    void fail() {
        good_ = false;
        left_ = {};
    }

    [[nodiscard]] std::size_t left() const { return left_.size(); }
    [[nodiscard]] bool good() const { return good_; }

private:
    std::string_view left_;
    bool good_ = true;
};

void read_products(Bytes& bytes, ShopEvent& event) {
    const auto count = bytes.number();
    if (count > bytes.left()) {  // each takes bytes of its own
        bytes.fail();
        return;
    }
    event.products.resize(count);
    for (Product& product : event.products) {
        const std::uint8_t has = bytes.byte();
        product.id = bytes.text();
        product.brand = bytes.text();
        product.category = bytes.text();
        if ((has & product_has_price) != 0) {
            product.price = bytes.decimal();
        }
        if ((has & product_has_quantity) != 0) {
            const auto quantity = bytes.number();
            if (quantity > most_quantity) {
                bytes.fail();
                return;
            }
            product.quantity = static_cast<std::int64_t>(quantity);
        }
    }
}

void read_event(Bytes& bytes, StageRecord& record) {
    ShopEvent& event = record.event;
    event.time = bytes.time();
    record.arrival = bytes.time();
    record.stamp = bytes.number();
    const std::uint8_t type = bytes.byte();
    const std::uint8_t device = bytes.byte();
    if (type > static_cast<std::uint8_t>(EventType::other) ||
        device > static_cast<std::uint8_t>(DeviceClass::unknown)) {
        bytes.fail();
        return;
    }
    event.type = static_cast<EventType>(type);
    event.device = static_cast<DeviceClass>(device);
    const std::uint64_t has = bytes.number();
    if (has >> (first_text + texts.size()) != 0) {
        bytes.fail();
        return;
    }
    event.has_marketing = (has & has_marketing) != 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if ((has >> (first_text + i) & 1) != 0) {
            event.*texts[i] = bytes.text();
        }
    }
    if ((has & has_total) != 0) {
        event.cart_total = bytes.decimal();
    }
    if ((has & has_revenue) != 0) {
        event.revenue = bytes.decimal();
    }
    if ((has & has_step) != 0) {
        event.checkout_step = static_cast<std::int32_t>(bytes.number<std::uint32_t>());
    }
    if ((has & has_products) != 0) {
        read_products(bytes, event);
    }
}

}  // namespace

void write_event(const ShopEvent& event, weir::Timestamp arrival, std::uint64_t stamp, std::string& out) {
    append_time(out, event.time);
    append_time(out, arrival);
    append_number(out, stamp);
    out += static_cast<char>(event.type);
    out += static_cast<char>(event.device);
    std::uint64_t has = (event.has_marketing ? has_marketing : 0) | (event.cart_total ? has_total : 0) |
                        (event.revenue ? has_revenue : 0) | (event.checkout_step != 0 ? has_step : 0) |
                        (event.products.empty() ? 0 : has_products);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        has |= (event.*texts[i]).empty() ? 0 : std::uint64_t{1} << (first_text + i);
    }
    append_number(out, has);
    for (const auto text : texts) {
        if (!(event.*text).empty()) {
            append_text(out, event.*text);
        }
    }
    if (event.cart_total) {
        append_signed(out, event.cart_total->millionths());
    }
    if (event.revenue) {
        append_signed(out, event.revenue->millionths());
    }
    if (event.checkout_step != 0) {
        append_number(out, static_cast<std::uint32_t>(event.checkout_step));
    }
    if (!event.products.empty()) {
        append_number(out, event.products.size());
    }
    for (const Product& product : event.products) {
        out += static_cast<char>((product.price ? product_has_price : 0U) |
                                 (product.quantity != 1 ? product_has_quantity : 0U));
        append_text(out, product.id);
        append_text(out, product.brand);
        append_text(out, product.category);
        if (product.price) {
            append_signed(out, product.price->millionths());
        }
        if (product.quantity != 1) {
            append_number(out, static_cast<std::uint64_t>(product.quantity));
        }
    }
}

void write(const StageRecord& record, std::string& out) {
    append_head(out, record);
    switch (record.kind) {
        case StageRecord::Kind::time:
            break;
        case StageRecord::Kind::event:
        case StageRecord::Kind::for_user:
        case StageRecord::Kind::for_session:
            write_event(record.event, record.arrival, record.stamp, out);
            break;
        case StageRecord::Kind::give_up:
            append_time(out, record.until);
            break;
    }
}

void write_written(const StageRecord& record, std::string_view event, std::string& out) {
    append_head(out, record);
    out += event;
}

bool read(std::string_view text, StageRecord& record) {
    record = StageRecord{};
    Bytes bytes{text};
    const bool known = bytes.byte() == static_cast<std::uint8_t>(version);
    const std::uint8_t flags = bytes.byte();
    const unsigned kind = flags & kind_bits;
    if (!known || kind > static_cast<unsigned>(StageRecord::Kind::give_up) ||
        (flags & ~unsigned{kind_bits | has_time | is_idle}) != 0) {
        return false;
    }
    record.kind = static_cast<StageRecord::Kind>(kind);
    record.idle = (flags & is_idle) != 0;
    record.source = bytes.number<std::uint32_t>();
    record.sources = bytes.number<std::uint32_t>();
    if ((flags & has_time) != 0) {
        record.time = bytes.time();
    }
    if (record.kind == StageRecord::Kind::for_user || record.kind == StageRecord::Kind::give_up) {
        record.user = bytes.text();
        record.origin = bytes.number();
    }
    if (record.kind == StageRecord::Kind::give_up) {
        record.until = bytes.time();
    } else if (record.kind != StageRecord::Kind::time) {
        read_event(bytes, record);
    }
    return bytes.good() && bytes.left() == 0 && record.source < record.sources && record.sources <= most_partitions;
}

std::uint32_t partition_of(std::string_view key, std::uint32_t partitions) {
    return static_cast<std::uint32_t>(stable_hash(key) % partitions);
}

}  // namespace live_shopper
