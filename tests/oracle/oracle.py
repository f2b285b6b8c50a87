#!/usr/bin/env python3
# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""What the store holds at TIME, computed by brute force from the feature catalogue.

    oracle.py [--until TIME] [--no-stitch] [--cart-total before|after] FILE...     (`-` is standard input)

Prints `key<TAB>value` lines sorted bytewise by key, tab, newline and backslash escaped with a backslash: the
output of `live-shopper replay` with the same arguments. It shares no code with the application and has no
state that moves: the answer is a function of the set of events, ordered by event time and then by arrival.
Every window is found by going through all of a shopper's records again.

Money is a whole number of millionths. Costs O(events log events) a call and O(events) memory; not for large files.
"""

import argparse
import bisect
import collections
import datetime
import decimal
import fractions
import json
import re
import sys
import urllib.parse

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PRODUCT_WINDOWS = (("5m", 5 * MINUTE), ("1h", HOUR))
CATEGORY_WINDOWS = (("5m", 5 * MINUTE), ("1h", HOUR), ("24h", DAY))
CART_WINDOWS = (("5m", 5 * MINUTE), ("1h", HOUR))
PURCHASE_WINDOWS = (("24h", DAY),)
GAP = 30 * MINUTE          # two events of one session are at most this far apart
LINGER = 10 * MINUTE       # values outlive their window by this
REPEAT = DAY               # an event id, or a transaction id, is a repeat for less than this
REPLACES = 30 * MINUTE     # how far back a transaction looks for the order inferred for it
CART_AGE = DAY             # a cart event older than this is not checked out any more
MICRO = 10**6
LARGEST = 10**15 * MICRO   # a number beyond this is unknown

# What session_cart_ratio counts: "products" (several in one event count each, as in the lanes) or "events".
SESSION_COUNTS = "products"

COLUMNS = 131
(PLATFORM, COLLECTOR_TIME, EVENT, EVENT_ID, USER_ID, DOMAIN_USERID, GEO_COUNTRY, GEO_REGION, GEO_CITY, PAGE_URL) = (
    1, 3, 5, 6, 12, 15, 18, 19, 20, 29)
(MKT_SOURCE, MKT_CAMPAIGN, CONTEXTS, UNSTRUCT, USERAGENT) = (48, 51, 52, 58, 77)
(DOMAIN_SESSIONID, DERIVED_TIME) = (123, 124)
MKT_COLUMNS = (47, 48, 49, 50, 51, 116, 117)  # medium, source, term, content, campaign, clickid, network

ECOMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"
ACTION = ECOMMERCE + "snowplow_ecommerce_action/"
CLIENT_SESSION = "iglu:com.snowplowanalytics.snowplow/client_session/"


class Invalid(Exception):
    """The line is not an event."""


class Number(str):
    """A JSON number, as its text."""


Product = collections.namedtuple("Product", "id brand category price quantity")


class Event:
    __slots__ = ("arrival", "form", "id", "type", "time", "user_id", "domain_userid", "session_id", "products",
                 "list_name", "cart_total", "step", "transaction_id", "revenue", "url", "marketing", "device",
                 "platform", "location", "region", "user")


# ---------------------------------------------------------------------------------------------- decoding

TIME_TEXT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z?)", re.ASCII)
EPOCH = datetime.date(1970, 1, 1).toordinal()


def parse_time(text):
    """Milliseconds since 1970, UTC; None where the text is no time."""
    match = TIME_TEXT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if hour > 23 or minute > 59 or second > 59:
        return None
    try:
        days = datetime.date(year, month, day).toordinal() - EPOCH
    except ValueError:
        return None
    fraction = int((match.group(7) or "0").ljust(3, "0")[:3])
    return ((days * 24 + hour) * 60 + minute) * MINUTE + second * SECOND + fraction


def refuse_constant(text):
    raise ValueError(text)


def parse_json(text):
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("not_json") from error


def money(value):
    """Millionths, half-even; None where it is no number or too large."""
    if not isinstance(value, Number):
        return None
    with decimal.localcontext() as context:
        context.prec = len(value) + 40
        context.Emax, context.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
        try:
            number = decimal.Decimal(str(value))
        except decimal.InvalidOperation:
            return None
        if number and number.adjusted() > 20:
            return None
        if number and number.adjusted() < -20:
            return 0
        micro = int((number * MICRO).to_integral_value(decimal.ROUND_HALF_EVEN))
    return micro if abs(micro) <= LARGEST else None


def whole(value, lowest, highest):
    """A whole number in the range; None for anything else."""
    if not isinstance(value, Number):
        return None
    micro = money(value)
    if micro is None or micro % MICRO:
        return None
    number = micro // MICRO
    return number if lowest <= number <= highest else None


def text_of(value):
    return value if isinstance(value, str) and not isinstance(value, Number) else ""


def object_of(value):
    return value if isinstance(value, dict) else {}


def product_of(value):
    quantity = whole(value.get("quantity"), 0, 10**9)
    return Product(text_of(value.get("id")), text_of(value.get("brand")), text_of(value.get("category")),
                   money(value.get("price")), 1 if quantity is None else quantity)


def device_class(agent):
    """Plain rules, enough for agents whose class nobody disputes."""
    agent = agent.lower()
    if not agent:
        return "Unknown"
    if re.search(r"bot\b|bot/|crawler|spider|slurp", agent):
        return "Robot"
    if re.search(r"smart-?tv|googletv|google tv|appletv|apple tv|hbbtv|web0s|bravia|roku|aft[a-z]\b|crkey", agent):
        return "TV"
    if "ipad" in agent or "tablet" in agent or "kindle" in agent or ("android" in agent and "mobile" not in agent):
        return "Tablet"
    if "iphone" in agent or "ipod" in agent or "mobile" in agent:
        return "Mobile"
    if "windows nt" in agent or "macintosh" in agent or "x11" in agent or "cros" in agent:
        return "Desktop"
    return "Unknown"


def decode_json(text):
    root = parse_json(text)
    if not isinstance(root, dict):
        raise Invalid("not_json")
    event = Event()
    event.form = "json"
    event.id = text_of(root.get("id"))
    event.type = text_of(root.get("type"))
    stamp = text_of(root.get("timestamp"))
    payload = object_of(root.get("payload"))
    enrich = object_of(root.get("enrich"))
    client = object_of(enrich.get("client"))
    user = object_of(enrich.get("user"))
    session = object_of(root.get("session"))
    marketing = object_of(enrich.get("marketing"))
    event.user_id = text_of(user.get("user_id"))
    event.domain_userid = text_of(user.get("domain_userid"))
    event.session_id = text_of(session.get("sessionId")) or text_of(session.get("domain_sessionid"))
    found = [payload.get("product")] if payload.get("product") else payload.get("products")
    event.products = [product_of(entry) for entry in (found if isinstance(found, list) else [])
                      if isinstance(entry, dict) and entry]
    event.list_name = text_of(payload.get("list_name"))
    event.cart_total = money(object_of(payload.get("cart")).get("total_value"))
    event.step = whole(object_of(payload.get("checkout_step")).get("step"), 1, 10**9)
    transaction = object_of(payload.get("transaction"))
    event.transaction_id = text_of(transaction.get("transaction_id"))
    event.revenue = money(transaction.get("revenue"))
    event.url = text_of(payload.get("page_url")) or text_of(object_of(client.get("page")).get("page_url"))
    event.marketing = None
    if any(text_of(value) for key, value in marketing.items() if key.startswith("mkt_")):
        event.marketing = (text_of(marketing.get("mkt_campaign")), text_of(marketing.get("mkt_source")))
    event.device = device_class(text_of(client.get("useragent")))
    event.platform = text_of(enrich.get("platform"))
    event.location = event.region = ""
    return event, stamp


def decode_tsv(text):
    fields = text.split("\t")
    if len(fields) != COLUMNS:
        raise Invalid("wrong_column_count")
    event = Event()
    event.form = "tsv"
    event.id = fields[EVENT_ID]
    event.user_id = fields[USER_ID]
    event.domain_userid = fields[DOMAIN_USERID]
    event.type = fields[EVENT] if fields[EVENT] in ("page_view", "page_ping") else "other"
    event.list_name = ""
    if fields[UNSTRUCT]:
        action = object_of(object_of(parse_json(fields[UNSTRUCT])).get("data"))
        if fields[EVENT] == "unstruct" and text_of(action.get("schema")).startswith(ACTION):
            event.type = text_of(object_of(action.get("data")).get("type"))
            event.list_name = text_of(object_of(action.get("data")).get("name"))
    entities = []
    if fields[CONTEXTS]:
        found = object_of(parse_json(fields[CONTEXTS])).get("data")
        entities = [entry for entry in (found if isinstance(found, list) else []) if isinstance(entry, dict)]

    def all_of(prefix):
        return [object_of(entry.get("data")) for entry in entities if text_of(entry.get("schema")).startswith(prefix)]

    def first_of(prefix):
        return (all_of(prefix) or [{}])[0]

    event.session_id = text_of(first_of(CLIENT_SESSION).get("sessionId")) or fields[DOMAIN_SESSIONID]
    event.products = [product_of(entry) for entry in all_of(ECOMMERCE + "product/")]
    event.cart_total = money(first_of(ECOMMERCE + "cart/").get("total_value"))
    event.step = whole(first_of(ECOMMERCE + "checkout_step/").get("step"), 1, 10**9)
    transaction = first_of(ECOMMERCE + "transaction/")
    event.transaction_id = text_of(transaction.get("transaction_id"))
    event.revenue = money(transaction.get("revenue"))
    event.url = fields[PAGE_URL]
    event.marketing = None
    if any(fields[column] for column in MKT_COLUMNS):
        event.marketing = (fields[MKT_CAMPAIGN], fields[MKT_SOURCE])
    event.device = device_class(fields[USERAGENT])
    event.platform = fields[PLATFORM]
    country, city, region = fields[GEO_COUNTRY], fields[GEO_CITY], fields[GEO_REGION]
    event.location = f"{city}, {country}" if city and country else ""
    event.region = f"{country}-{region}" if country and region else ""
    return event, fields[DERIVED_TIME] or fields[COLLECTOR_TIME]


def decode(line):
    """One record (bytes, without its newline) to an Event; raises Invalid."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("invalid_utf8") from error
    if not text.strip():
        raise Invalid("empty")
    event, stamp = decode_json(text) if text.lstrip().startswith("{") else decode_tsv(text)
    if not event.id:
        raise Invalid("missing_id")
    event.time = parse_time(stamp)
    if event.time is None:
        raise Invalid("bad_time" if stamp else "missing_time")
    event.user = ""
    return event


def decode_lines(lines):
    """All events in order of arrival; what is no event is left out. Also the counts of those, by reason."""
    events, refused = [], collections.Counter()
    for line in lines:
        try:
            event = decode(line)
        except Invalid as reason:
            refused[str(reason)] += 1
            continue
        event.arrival = len(events)
        events.append(event)
    return events, refused


def split_lines(data):
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


# ------------------------------------------------------------------------------------------------ values


def exact(micro):
    """42990000 -> 42.99"""
    sign, micro = ("-" if micro < 0 else ""), abs(micro)
    fraction = str(micro % MICRO).rjust(6, "0").rstrip("0")
    return f"{sign}{micro // MICRO}" + (f".{fraction}" if fraction else "")


def real(number):
    """A double as std::to_chars prints it: the fewest digits, fixed unless scientific is shorter."""
    if number == 0:
        return "0"
    sign, digits, exponent = decimal.Decimal(repr(number)).as_tuple()
    digits = "".join(map(str, digits))
    exponent += len(digits) - len(digits.rstrip("0"))
    digits = digits.rstrip("0")
    point = len(digits) + exponent  # digits before the decimal point
    if exponent >= 0:
        fixed = str(abs(int(number)))
    elif point > 0:
        fixed = digits[:point] + "." + digits[point:]
    else:
        fixed = "0." + "0" * -point + digits
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    power = point - 1
    scientific = f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return ("-" if sign else "") + (fixed if len(fixed) <= len(scientific) else scientific)


def cents(micro, count):
    """micro / count to two decimals, half-even."""
    return exact(int(round(fractions.Fraction(micro, count * MICRO), 2) * MICRO))


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def most(pairs):
    """The name with most records; of several, the one whose last record is latest. Pairs are in order."""
    count, last = collections.Counter(), {}
    for position, name in enumerate(pairs):
        count[name] += 1
        last[name] = position
    return max(count, key=lambda name: (count[name], last[name])) if count else ""


# ------------------------------------------------------------------------------------------------- lanes
# A lane's records are lists of (time, ...) in order of event time; values() is given those within the window.


def product_values(records):
    known, views, prices = {}, collections.Counter(), []
    for _, product in records:
        if product.id:
            views[product.id] += 1
            if product.price is not None:
                known[product.id] = product.price
        if product.price is not None:
            prices.append(product.price)
    return {
        "product_view_count": str(len(views)),
        "avg_viewed_price": real(sum(known.values()) / (len(known) * MICRO)) if known else "0",
        "return_view_count": compact({name: views[name] for name in sorted(views, key=lambda name: name.encode())}),
        "price_range_viewed": f"{exact(min(prices))}-{exact(max(prices))}" if prices else "0-0",
        "most_viewed_brand": most([product.brand for _, product in records if product.brand]),
    }


def category_values(records):
    names = [name for _, name in records]
    return {
        "top_category": most(names),
        "unique_categories": str(len(set(names))),
        "category_view_count": str(len(names)),
        "repeat_category_views": str(len(names) - len(set(names))),
    }


def cart_values(records):
    adds = [worth for _, sign, worth in records if sign > 0]
    removes = [worth for _, sign, worth in records if sign < 0]
    return {
        "cart_add_count": str(len(adds)),
        "cart_remove_count": str(len(removes)),
        "cart_update_frequency": str(len(adds) + len(removes)),
        "cart_value": exact(sum(adds) - sum(removes)),
    }


def purchase_values(records):
    total = sum(worth for _, worth in records)
    return {
        "orders_count": str(len(records)),
        "order_value": exact(total),
        "avg_order_value": cents(total, len(records)) if records else "0",
    }


def product_records(events):
    return [(event.time, product) for event in events if event.type == "product_view" for product in event.products]


def category_records(events):
    records = []
    for event in events:
        if event.type == "list_view" and event.list_name:
            records.append((event.time, event.list_name))
        elif event.type == "product_view":
            records += [(event.time, product.category) for product in event.products if product.category]
    return records


def is_cart(event):
    return event.type in ("add_to_cart", "remove_from_cart")


def worth_of(product):
    return 0 if product.price is None else product.price * product.quantity


def cart_records(events):
    records = []
    for event in events:
        if is_cart(event):
            sign = 1 if event.type == "add_to_cart" else -1
            records += [(event.time, sign, worth_of(product)) for product in event.products] or [(event.time, sign, 0)]
    return records


def total_after(event, cart_total):
    """The cart's total after a cart event; None where it is unknown."""
    if event.cart_total is None:
        return None
    if cart_total == "after" or (cart_total == "by_form" and event.form == "tsv"):
        return event.cart_total
    change = sum(worth_of(product) for product in event.products)
    return event.cart_total + (change if event.type == "add_to_cart" else -change)


def purchase_records(events, cart_total):
    """Orders, inferred and told. A transaction without revenue is worth what the order is that it replaces; an order whose
    worth is unknown is worth nothing."""
    cart, checked_out = None, False
    inferred = []            # [time, worth, replaced]
    told, order_of = [], {}  # transactions; transaction id -> time of its order
    for event in events:
        if is_cart(event):
            cart, checked_out = event, False
        elif event.type == "checkout_step" and event.step == 2:
            if cart is not None and not checked_out and event.time - cart.time <= CART_AGE:
                checked_out = True
                inferred.append([event.time, total_after(cart, cart_total) or 0, False])
        elif event.type == "transaction":
            name = event.transaction_id
            if name and name in order_of and event.time - order_of[name] < REPEAT:
                continue
            if name:
                order_of[name] = event.time
            worth = event.revenue
            for order in reversed(inferred):
                if not order[2] and order[0] >= event.time - REPLACES:
                    order[2] = True
                    worth = order[1] if worth is None else worth
                    break
            told.append((event.time, worth or 0))
    return sorted(told + [(time, worth) for time, worth, replaced in inferred if not replaced])


def rolling(user, events, until, cart_total, store):
    """Adds a shopper's rolling features to the store. The events are in order."""
    lanes = (
        (PRODUCT_WINDOWS, product_records(events), product_values),
        (CATEGORY_WINDOWS, category_records(events), category_values),
        (CART_WINDOWS, cart_records(events), cart_values),
        (PURCHASE_WINDOWS, purchase_records(events, cart_total), purchase_values),
    )
    for windows, records, values in lanes:
        if not records:
            continue
        latest = max(record[0] for record in records)
        for label, length in windows:
            if latest + length + LINGER <= until:
                continue
            within = [record for record in records if until - length < record[0] <= until]
            for feature, value in values(within).items():
                store[f"user:{user}:{feature}_{label}"] = value


def is_search(url):
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return False
    return parts.path == "/search" and any(
        field.startswith("q=") and len(field) > 2 for field in parts.query.split("&"))


def distinct(names):
    return list(dict.fromkeys(name for name in names if name))


def session(key, events, counts, store):
    """Adds one session's metrics to the store. The events are in order."""
    pages = sum(event.type == "page_view" for event in events)
    adds = [event for event in events if event.type == "add_to_cart"]
    views = [event for event in events if event.type == "product_view"]
    if counts == "products":
        adds = [product for event in adds for product in event.products or [None]]
        views = [product for event in views for product in event.products]
    campaign, source = next((event.marketing for event in events if event.marketing), ("", ""))
    regions = [event.region for event in events if event.region]
    values = {
        "session_duration": str(events[-1].time - events[0].time),
        "session_page_count": str(pages),
        "session_bounce": "true" if pages < 2 and not any(map(is_cart, events)) else "false",
        "session_marketing_campaign": campaign,
        "session_marketing_source": source,
        "session_cart_ratio": real(len(adds) / len(views)) if views else "0",
        "session_search_count": str(sum(event.type == "page_view" and is_search(event.url) for event in events)),
        "shopper_device_types": compact(distinct(event.device for event in events)),
        "shopper_latest_platform": events[-1].platform,
        "shopper_locations": compact(distinct(event.location for event in events)),
        "shopper_region_changes": str(sum(before != after for before, after in zip(regions, regions[1:]))),
    }
    for metric, value in values.items():
        store[f"session:{key}:{metric}"] = value


def latest_session(events):
    """Of one key's events, in order, those of the session that ends last."""
    first = len(events) - 1
    while first > 0 and events[first].time - events[first - 1].time <= GAP:
        first -= 1
    return events[first:]


# ------------------------------------------------------------------------------------------------- store


def without_repeats(events):
    """In order of arrival: an event id less than 24 h (event time) from an accepted one's is a repeat."""
    seen, kept = {}, []
    for event in events:
        times = seen.setdefault(event.id, [])
        if all(abs(event.time - time) >= REPEAT for time in times):
            times.append(event.time)
            kept.append(event)
    return kept


def assign_users(events, stitch):
    """Whose each event is. The events are in order."""
    logins = {}  # domain_userid -> ([time], [user])
    if stitch:
        for event in events:
            if event.user_id and event.domain_userid:
                times, users = logins.setdefault(event.domain_userid, ([], []))
                times.append(event.time)
                users.append(event.user_id)
    for event in events:
        event.user = event.user_id or event.domain_userid
        if not event.user_id and event.domain_userid in logins:
            times, users = logins[event.domain_userid]
            first = bisect.bisect_left(times, event.time)
            if first < len(times):
                event.user = users[first]


def store_at(events, until=None, stitch=True, cart_total="by_form", session_counts=SESSION_COUNTS):
    """key -> value, both str. Events are as decode_lines() gives them, in order of arrival."""
    if until is None:
        until = max((event.time for event in events), default=0)
    events = without_repeats([event for event in events if event.time <= until])
    events.sort(key=lambda event: (event.time, event.arrival))
    assign_users(events, stitch)
    by_user, by_session, store = {}, {}, {}
    for event in events:
        if event.user:
            by_user.setdefault(event.user, []).append(event)
        if event.session_id:
            by_session.setdefault(event.session_id, []).append(event)
    for user, own in by_user.items():
        rolling(user, own, until, cart_total, store)
    for key, own in by_session.items():
        if own[-1].time + GAP + LINGER > until:
            session(key, latest_session(own), session_counts, store)
    return store


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def render(store):
    """The store as the lines that replay prints, bytes."""
    lines = (f"{escape(key)}\t{escape(store[key])}\n" for key in sorted(store, key=lambda key: key.encode()))
    return "".join(lines).encode()


def until_of(text):
    time = int(text) if re.fullmatch(r"-?\d+", text) else parse_time(text)
    if time is None:
        raise argparse.ArgumentTypeError(f'expected ISO-8601 UTC or milliseconds since 1970, found "{text}"')
    return time


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--until", type=until_of, metavar="TIME", help="ISO-8601 UTC or epoch milliseconds")
    parser.add_argument("--no-stitch", action="store_true")
    parser.add_argument("--cart-total", choices=("before", "after"))
    parser.add_argument("files", nargs="+", metavar="FILE")
    options = parser.parse_args()
    lines = []
    for name in options.files:
        if name == "-":
            lines += split_lines(sys.stdin.buffer.read())
        else:
            with open(name, "rb") as file:
                lines += split_lines(file.read())
    events, refused = decode_lines(lines)
    store = store_at(events, options.until, not options.no_stitch, options.cart_total or "by_form")
    sys.stdout.buffer.write(render(store))
    print(f"read {len(lines)}, events {len(events)}, refused {dict(refused)}", file=sys.stderr)


if __name__ == "__main__":
    main()
