#!/usr/bin/env python3
# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""Random streams of shop events, with everything in them that goes wrong in real ones.

    generate.py --seed N --events M [--users U] [--days D] [--form json|tsv|mixed] [--arrivals N] > events.jsonl

The same arguments give the same stream. --arrivals alone decides the order of arrival: two streams that differ in
it hold the same visits, but for sessions that a late event had to leave.

How late an event may be: one that carries a session id, at most --lateness seconds, or as late as it likes where
its session is still open when it comes (a session closes 5 s after last event + 30 min, and what comes for a
closed one is refused by the job, so that the answer would no longer be a function of the events). One without a
session id, up to --rolling-lateness hours. --in-order has neither lateness nor late duplicates: the stream at
any time holds exactly the events up to that time.
"""

import argparse
import datetime
import json
import random
import re
import sys

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
GAP = 30 * MINUTE
START = 1741471200000  # 2025-03-08 22:00 UTC, so that midnight comes early

CLOSES_AFTER = 4 * SECOND  # less than the job's 5 s: never at the edge of its tolerance

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
DESKTOP = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/133.0.0.0 Safari/537.36"
PHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {SAFARI} Version/17.5 Mobile/15E148 Safari/604.1"
AGENTS = [
    DESKTOP,
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {SAFARI} Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    PHONE,
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/133.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {SAFARI} Version/16.6 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 13; SM-X700) {WEBKIT} Chrome/133.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) {WEBKIT} SamsungBrowser/4.0 Chrome/94.0.4606.31 TV Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "",
]
PLATFORMS = ["web"] * 6 + ["mob", "srv", "app", ""]
PLACES = [("GR", "I", "Athens"), ("GR", "A1", "Piraeus"), ("NL", "NH", "Amsterdam"), ("DE", "BE", "Berlin"),
          ("BR", "SP", "S\u00e3o Paulo"), ("US", "NY", "New York"), ("US", "NY", "Albany")]
BRANDS = ["Alder", "Birch", "\u010cedar", "Birch & \"Sons\"", "", None]
CATEGORIES = ["Boots", "Coats/Rain", "Hats, caps", "\u5e3d\u5b50", "Scarves", "", None]
LISTS = ["New in", "Boots", "Search results 'hat'", "\u5e3d\u5b50", "You may like", "", None]
PLAIN_PRICES = ["42.99", "19.99", "0.1", "0.2", "0.3", "15", "120", "7.5", "99.95", "0", "3.33", "1.005"]
ODD_PRICES = ["1e2", "1.5E+1", "129.990000", "0.000001", "272.97999999999996", "-5", "-0.25", "1e308", "\"42.99\"",
              "null", "true", "999999999999999", "1e15", "1e16", "0.0000005", "0.0000015", "1e-7", "-0", "100000",
              "0.0001", "12345678.901234", "[]", "{}", "1000000000000001"]
QUANTITIES = [None] * 8 + ["1", "2", "3", "12", "0", "-1", "\"2\"", "null", "1.5", "1000000", "1000000001"]
URLS = ["/", "/cart", "/search?q=hat", "/search?q=", "/search", "/search?x=1&q=a%20b", "/search?q=#top",
        "/search/?q=hat", "/searching?q=hat", "/shop/search?q=hat", "/search?query=hat",
        "/search#?q=hat", "/search?q=hat&page=2",
        "/product/5?q=hat", "/search?Q=hat", "/search?qq=1", "/search?q&x=2", "/search?q=\u5e3d\u5b50"]
ODD_USERS = ["two words", "a:b:c", "{}", "{user}", "\u00fcn\u00ef \u7528\u6237", "\U0001f600", "back\\slash", "quo\"te",
             "line\nbreak", "tab\tin", "bell\u0007", "cr\rlf", "user:ann:cart_value_5m"]
ODD_PRODUCTS = ["sku 1", "sku:2", "{}", "\u00e9t\u00e9", "quo\"te", "back\\slash", "new\nline", "\u0001", "\U0001f45f",
                "\u007f", "/slash/"]

ECOMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"


class Raw(str):
    """JSON text that goes out as it is."""


def dumps(value, rng):
    held = []

    def hold(part):
        if isinstance(part, Raw):
            held.append(part)
            return f"@raw{len(held) - 1}@"
        if isinstance(part, dict):
            return {key: hold(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [hold(inner) for inner in part]
        return part

    text = json.dumps(hold(value), ensure_ascii=rng.random() < 0.3, separators=(",", ":"))
    return re.sub(r'"@raw(\d+)@"', lambda match: held[int(match.group(1))], text)


def uuid(rng):
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def has_control(text):
    return any(ord(letter) < 32 or ord(letter) == 127 for letter in text)


class Shop:
    """What there is to see and who comes to see it."""

    def __init__(self, rng, options):
        self.rng = rng
        self.form = options.form
        odd = [text for text in ODD_PRODUCTS if options.form == "json" or not has_control(text)]
        self.products = [str(number) for number in range(1, 9)] + rng.sample(odd, 3)
        self.catalogue = {name: (rng.choice(BRANDS), rng.choice(CATEGORIES), rng.choice(PLAIN_PRICES))
                          for name in self.products}
        odd = [text for text in ODD_USERS if options.form != "tsv" or not has_control(text)]
        count = max(options.users, 2)
        self.users = [f"shopper{number}@shop.example" for number in range(count)]
        for number in range(0, count, 4):
            self.users[number] = rng.choice(odd)
        self.browsers = [uuid(rng) for _ in range(count + count // 2)]
        self.browsers[0] = "browser one"
        # Shared browsers and shoppers with several of them.
        self.owners = {browser: rng.sample(self.users, rng.choice((1, 1, 1, 2, 3)) if count > 2 else 1)
                       for browser in self.browsers}
        self.agents = {browser: rng.choice(AGENTS) for browser in self.browsers}
        self.places = {browser: rng.choice(PLACES) for browser in self.browsers}

    def price(self, usual):
        draw = self.rng.random()
        if draw < 0.8:
            return Raw(usual)
        if draw < 0.92:
            return Raw(self.rng.choice(ODD_PRICES))
        return None if draw < 0.96 else Raw(self.rng.choice(PLAIN_PRICES))

    def product(self):
        rng = self.rng
        name = rng.choice(self.products[:4] if rng.random() < 0.6 else self.products)
        brand, category, price = self.catalogue[name]
        found = {"id": name, "brand": brand, "category": category, "price": self.price(price), "currency": "USD",
                 "quantity": None}
        quantity = rng.choice(QUANTITIES)
        if quantity is not None:
            found["quantity"] = Raw(quantity)
        if rng.random() < 0.05:
            found["id"] = rng.choice((None, ""))
            found["brand"] = found["brand"] or "Alder"  # never a product of which nothing is known
        if rng.random() < 0.05:
            found["brand"] = rng.choice(BRANDS[:4])
        if rng.random() < 0.05:
            found["category"] = rng.choice(CATEGORIES)
        return {key: value for key, value in found.items() if value is not None}


def make_visits(shop, options):
    """All events as dicts, in no order that matters; 'time' is event time."""
    rng = shop.rng
    events = []
    span = int(options.days * DAY)
    transactions = []
    identities = 0

    while len(events) < options.events:
        browser = rng.choice(shop.browsers)
        owner = rng.choice(shop.owners[browser])
        logged_in = rng.random() < 0.3
        time = START + rng.randrange(span)
        if events and rng.random() < 0.25:
            # Someone comes back exactly a window later, or a millisecond to either side.
            earlier = rng.choice(events[-200:])
            time = earlier["time"] + rng.choice((5 * MINUTE, HOUR, DAY, GAP, 40 * MINUTE, 15 * MINUTE))
            time += rng.choice((-1, 0, 0, 1))
            browser = earlier["browser"] or browser
            owner = earlier["owner"]
        session = uuid(rng) if rng.random() < 0.95 else "session {odd}:1" if rng.random() < 0.5 else ""
        if rng.random() < 0.1 and events:
            session = rng.choice(events[-200:])["session"]
        landing = rng.random() < 0.4
        roaming = rng.random() < 0.2
        added = None
        for step in range(1 + min(int(rng.expovariate(1 / 14)), 60)):
            if len(events) >= options.events:
                break
            if step:
                draw = rng.random()
                if draw < 0.10:
                    time += 0
                elif draw < 0.30:
                    time += rng.randrange(1, 2000)
                elif draw < 0.75:
                    time += rng.randrange(2000, 60000)
                elif draw < 0.93:
                    time += rng.randrange(MINUTE, 10 * MINUTE)
                elif draw < 0.96:
                    time += 5 * MINUTE + rng.choice((-1, 0, 1))
                elif draw < 0.99:
                    time += GAP + rng.choice((-1, 0, 1))
                    session = uuid(rng) if rng.random() < 0.3 else session
                else:
                    time += HOUR + rng.choice((-1, 0, 1))
            if rng.random() < 0.04:
                logged_in = not logged_in
            if rng.random() < 0.03:
                owner = rng.choice(shop.owners[browser])
            kinds = ["page_view"] * 20 + ["product_view"] * 25 + ["list_view"] * 15 + ["add_to_cart"] * 14
            kinds += ["remove_from_cart"] * 5 + ["checkout_step"] * 7 + ["transaction"] * 4 + ["page_ping"] * 4
            kinds += ["other"] * 2 + ["list_click", "promo_view", "refund", "trns_error", "legacy_transaction"]
            if added and rng.random() < 0.3:
                kinds = ["checkout_step"] * 3 + ["transaction"]
            kind = rng.choice(kinds)
            event = {
                "id": uuid(rng), "type": kind, "time": time, "browser": browser, "owner": owner,
                "user": owner if logged_in else "", "session": session, "agent": shop.agents[browser],
                "platform": "web", "place": shop.places[browser], "page": rng.choice(URLS), "marketing": None,
                "products": [], "list_name": None, "cart": None, "step": None, "transaction": None,
                "client_session": rng.random() < 0.9,
            }
            if landing and step < 3:
                event["marketing"] = {"mkt_source": rng.choice(("google", "mail", "\u00e9t\u00e9")),
                                      "mkt_campaign": rng.choice(("winter", "spring sale", "")), "mkt_medium": "cpc"}
                if rng.random() < 0.2:
                    event["marketing"].pop("mkt_source")
                if rng.random() < 0.2:
                    event["marketing"].pop("mkt_campaign")
            elif rng.random() < 0.05:
                event["marketing"] = {"mkt_clickid": "c1"} if rng.random() < 0.3 else {}
            if roaming and rng.random() < 0.3:
                event["place"] = rng.choice(PLACES + [("", "", "")])
                event["agent"] = rng.choice(AGENTS)
                event["platform"] = rng.choice(PLATFORMS)
            if rng.random() < 0.02:
                event["browser"] = ""
            if rng.random() < 0.02:
                event["session"] = ""
            if kind in ("product_view", "add_to_cart", "remove_from_cart", "list_click", "list_view", "transaction"):
                count = rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 0, 2, 3)) if kind != "list_view" else rng.randrange(4)
                event["products"] = [shop.product() for _ in range(count)]
            if kind in ("list_view", "list_click"):
                event["list_name"] = rng.choice(LISTS)
            if kind in ("add_to_cart", "remove_from_cart"):
                added = kind == "add_to_cart"
                draw = rng.random()
                if draw < 0.85:
                    event["cart"] = {"total_value": Raw(rng.choice(PLAIN_PRICES + ["85.98", "272.97999999999996"])),
                                     "currency": "USD"}
                elif draw < 0.95:
                    event["cart"] = {"total_value": Raw(rng.choice(ODD_PRICES)), "currency": "USD"}
                elif draw < 0.97:
                    event["cart"] = {}
            if kind == "checkout_step":
                event["step"] = rng.choice([Raw(text) for text in ("1", "2", "2", "2", "3", "\"2\"", "null")])
                if rng.random() < 0.1:
                    added = None
            if kind in ("transaction", "trns_error"):
                identities += 1
                name = f"order {identities}" if rng.random() < 0.9 else ""
                event["transaction"] = {"transaction_id": name, "currency": "USD",
                                        "revenue": Raw(rng.choice(PLAIN_PRICES + ["85.98", "311.00"]))}
                if rng.random() < 0.1:
                    event["transaction"]["revenue"] = Raw(rng.choice(ODD_PRICES))
                if rng.random() < 0.03:
                    event["transaction"] = None
                elif kind == "transaction":
                    transactions.append(event)
                added = None
            events.append(event)

        # After the visit: the same order told again, checkouts near the edges, a login on its own.
        if transactions and rng.random() < 0.3:
            told = dict(rng.choice(transactions[-5:]))
            told["id"] = uuid(rng)
            told["time"] += rng.choice((0, 1, 700, MINUTE, 5 * HOUR, DAY - 1, DAY + 1, 26 * HOUR))
            told["session"] = ""
            events.append(told)
        carts = [event for event in events[-40:] if event["type"] == "add_to_cart"]
        if carts and rng.random() < 0.4:
            cart = rng.choice(carts)
            checkout = dict(cart, id=uuid(rng), type="checkout_step", step=Raw("2"), products=[], cart=None, session="",
                            marketing=None)
            checkout["time"] += rng.choice((0, 1, MINUTE, HOUR, DAY - 1, DAY, DAY + 1))
            events.append(checkout)
            if rng.random() < 0.7:
                identities += 1
                paid = {"transaction_id": f"order {identities}", "revenue": Raw("64.5"), "currency": "USD"}
                told = dict(checkout, id=uuid(rng), type="transaction", step=None, platform="srv", agent="",
                            transaction=paid)
                told["time"] += rng.choice((0, 1, 900, 20 * MINUTE, GAP - 1, GAP, GAP + 1))
                events.append(told)
                transactions.append(told)
        if rng.random() < 0.25 and events[-1]["browser"]:
            login = dict(events[-1], id=uuid(rng), type="page_view", user=owner, session="", products=[], cart=None,
                         step=None, transaction=None, list_name=None, marketing=None)
            login["time"] += rng.choice((0, 1, 3 * SECOND, 7 * MINUTE, 15 * MINUTE, 70 * MINUTE, HOUR + 9 * MINUTE))
            login["late_login"] = True
            events.append(login)
        if rng.random() < 0.05 and options.in_order is False:
            # Somebody's robot uses an event id again.
            reused = dict(rng.choice(events), session="", punctual=not options.late_reuse)
            reused["time"] += rng.choice((2 * HOUR, DAY - 1, DAY, DAY + 1))
            events.append(reused)
    return events[:options.events]


def make_quiet(shop, events, count):
    """Shoppers who do one thing, at the edge of what it takes, with nothing after it that would hide the outcome."""
    rng = shop.rng
    models = [event for event in events if event["type"] == "add_to_cart" and event["products"]]
    quiet = []
    while models and len(quiet) < count:
        browser, user = uuid(rng), f"quiet{len(quiet)}@shop.example"
        logs_in = rng.random() < 0.5
        base = dict(rng.choice(models), browser=browser, owner=user, session="", marketing=None,
                    user="" if logs_in or rng.random() < 0.3 else user)
        plain = dict(base, products=[], cart=None)
        time = base["time"]
        steps = [dict(base, cart={"total_value": Raw(rng.choice(PLAIN_PRICES)), "currency": "USD"})]
        time += rng.choice((0, 1, MINUTE, HOUR, DAY - 1, DAY, DAY, DAY, DAY + 1))
        steps.append(dict(plain, type="checkout_step", step=Raw("2"), time=time))
        if rng.random() < 0.3:
            steps.append(dict(plain, type="checkout_step", step=Raw("2"), time=time + rng.choice((0, 1000))))
        if rng.random() < 0.7:
            time += rng.choice((0, 1, 900, GAP - 1, GAP, GAP, GAP + 1))
            told = {"transaction_id": f"quiet {len(quiet)}", "revenue": Raw("64.5"), "currency": "USD"}
            steps.append(dict(plain, type="transaction", transaction=told, time=time))
            if rng.random() < 0.5:
                time += rng.choice((0, 1, HOUR, DAY - 1, DAY + 1))
                steps.append(dict(plain, type="transaction", transaction=told, time=time))
        if logs_in:
            # The history moves when the windows have just emptied, have just gone, or hold.
            login = rng.choice(steps)["time"] + rng.choice(
                (0, 0, 1, 5 * MINUTE, 15 * MINUTE - 1, 15 * MINUTE, HOUR, DAY, DAY + 10 * MINUTE - 1,
                 DAY + 10 * MINUTE))
            steps.append(dict(plain, type="page_ping", user=user, time=login, late_login=True))
        if rng.random() < 0.3:
            other = rng.choice(steps)["time"] + rng.choice((0, 1, HOUR))  # someone else on the same browser
            steps.append(dict(plain, type="page_view", user=f"other {user}", time=other, late_login=True))
        quiet += [dict(step, id=uuid(rng)) for step in steps]
    return quiet


# ------------------------------------------------------------------------------------------------ records


def iso(time, rng):
    text = datetime.datetime.fromtimestamp(time // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{time % 1000:03d}"
    draw = rng.random()
    if draw < 0.8:
        fraction = fraction.rstrip("0")
    elif draw < 0.9:
        fraction += "000"
    return text + ("." + fraction if fraction else "") + "Z"


def tsv_time(time):
    text = datetime.datetime.fromtimestamp(time // 1000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{time % 1000:03d}"


def optional(rng, key, value):
    """Missing, null and empty are one."""
    if value:
        return {key: value}
    return rng.choice(({}, {key: None}, {key: ""}))


def json_record(event, rng):
    kind = {"legacy_transaction": "struct", "other": "unstruct"}.get(event["type"], event["type"])
    url = "https://shop.example" + event["page"]
    payload = {"specification": {"id": "spec", "name": kind}}
    first = event["products"][0] if event["products"] else rng.choice(({}, None))
    if kind == "page_view":
        payload = {"page_title": "Shop", "page_url": url}
    elif kind in ("product_view", "add_to_cart", "remove_from_cart"):
        payload["product"] = first
    elif kind in ("list_view", "list_click"):
        payload.update(rng.choice(({"product": {}}, {"products": event["products"]})))
        payload.update(optional(rng, "list_name", event["list_name"]))
    elif kind == "checkout_step":
        payload["checkout_step"] = {"step": event["step"]}
        payload["cart"] = {}
    elif kind in ("transaction", "trns_error") and event["transaction"] is not None:
        payload["transaction"] = event["transaction"]
    if kind in ("add_to_cart", "remove_from_cart"):
        payload["cart"] = event["cart"]
    user = {"network_userid": "n1", "ip_address": "192.0.2.1"}
    user.update(optional(rng, "user_id", event["user"]))
    user.update(optional(rng, "domain_userid", event["browser"]))
    if event["session"] and event["client_session"]:
        session = {"eventIndex": 3, "sessionIndex": 1, "previousSessionId": None, "storageMechanism": "COOKIE_1",
                   "userId": event["browser"], "sessionId": event["session"]}
    elif event["session"]:
        session = {"domain_sessionid": event["session"], "domain_sessionidx": 1}
    else:
        session = rng.choice(({}, None, {"sessionId": ""}))
    client = {"browser": {"viewport": "1280x720", "webdriver": False}, "device": {"screen_width": 1280},
              "page": {"page_url": url, "page_urlscheme": "https", "page_urlhost": "shop.example"}}
    client.update(optional(rng, "useragent", event["agent"]))
    enrich = {"client": client, "performance": {"duration": Raw("1434.6000000238419")}, "user": user,
              "marketing": event["marketing"]}
    enrich.update(optional(rng, "platform", event["platform"]))
    record = {"id": event["id"], "type": kind, "timestamp": iso(event["time"], rng), "payload": payload,
              "enrich": enrich, "session": session, "metadata": {"app_id": "shop", "event_version": "1-0-2"}}
    if rng.random() < 0.2:  # readers may not rely on the order of keys
        keys = list(record)
        rng.shuffle(keys)
        record = {key: record[key] for key in keys}
    return dumps(record, rng).encode()


def tsv_record(event, rng):
    kind = event["type"]
    fields = [""] * 131
    fields[0], fields[1] = "shop", event["platform"]
    collected = event["time"] + rng.randrange(0, 900)
    fields[2], fields[3] = tsv_time(collected + 700), tsv_time(collected)
    fields[5] = {"page_view": "page_view", "page_ping": "page_ping", "legacy_transaction": "transaction"}.get(
        kind, "unstruct")
    fields[6] = event["id"]
    fields[9], fields[10], fields[11] = "js-4.10.1", "collector-3", "enrich-5"
    fields[12], fields[15] = event["user"], event["browser"]
    fields[13], fields[17] = "192.0.2.1", "n1"
    fields[18], fields[19], fields[20] = event["place"]
    fields[29] = "https://shop.example" + event["page"]
    fields[30] = "Shop"
    for key, column in (("mkt_medium", 47), ("mkt_source", 48), ("mkt_campaign", 51), ("mkt_clickid", 116)):
        fields[column] = (event["marketing"] or {}).get(key, "")
    fields[77] = event["agent"]
    entities = [("com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", {"id": "w1"})]
    ecommerce = "com.snowplowanalytics.snowplow.ecommerce/"
    entities += [(ecommerce + "product/jsonschema/1-0-0", product) for product in event["products"]]
    if event["cart"] is not None:
        entities.append((ecommerce + "cart/jsonschema/1-0-0", event["cart"]))
    if event["step"] is not None:
        entities.append((ecommerce + "checkout_step/jsonschema/1-0-0", {"step": event["step"]}))
    if event["transaction"] is not None:
        entities.append((ecommerce + "transaction/jsonschema/1-0-0", event["transaction"]))
    if event["session"] and event["client_session"]:
        entities.append(("com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2",
                         {"userId": event["browser"], "sessionId": event["session"], "sessionIndex": 1}))
        fields[123] = rng.choice((event["session"], ""))
    else:
        fields[123] = event["session"]

    def self_describing(schema, data):
        pair = [("schema", "iglu:" + schema), ("data", data)]
        return dict(pair if rng.random() < 0.7 else pair[::-1])

    data = [self_describing(schema, value) for schema, value in entities]
    fields[52] = dumps(self_describing("com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0", data), rng)
    if fields[5] == "unstruct":
        if kind == "other":
            inner = self_describing("com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0", {"terms": ["hat"]})
        else:
            action = {"type": kind}
            if event["list_name"] is not None:
                action["name"] = event["list_name"]
            inner = self_describing(ecommerce + "snowplow_ecommerce_action/jsonschema/1-0-2", action)
        outer = self_describing("com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", inner)
        fields[58] = dumps(outer, rng)
        fields[125], fields[126] = "com.snowplowanalytics.snowplow.ecommerce", "snowplow_ecommerce_action"
    if rng.random() < 0.9:
        fields[124] = tsv_time(event["time"])
    else:
        fields[3] = tsv_time(event["time"])  # no derived time: the collector's counts
    return "\t".join(fields).encode()


def record_of(event, form, rng):
    if form == "mixed":
        form = rng.choice(("json", "tsv"))
    raw_columns = (event["user"], event["browser"], event["session"])
    if form == "tsv" and any(has_control(text) for text in raw_columns):
        form = "json"
    return json_record(event, rng) if form == "json" else tsv_record(event, rng)


def garbage(rng, line):
    kind = rng.randrange(12)
    if kind == 0:
        return b""
    if kind == 1:
        return line[:rng.randrange(1, max(2, len(line) // 2))]
    if kind == 2:
        return b"[]"
    if kind == 3:
        return b"null"
    if kind == 4:
        return b'{"id":"","type":"page_view","timestamp":"2025-03-09T10:00:00Z"}'
    if kind == 5:
        return b'{"id":"g1","type":"page_view","timestamp":"yesterday"}'
    if kind == 6:
        return b'{"id":"g2","type":"page_view"}'
    if kind == 7:
        return b"\t".join([b"x"] * rng.choice((129, 130, 132, 2)))
    if kind == 8:
        return b"\xff\xfe{\x00"
    if kind == 9:
        return b'{"id":"g3","type":"page_view","timestamp":"2025-02-30T10:00:00Z"}'
    if kind == 10:
        return b'{"id":"g4" "type"}'
    return b"not an event at all"


# ------------------------------------------------------------------------------------------------ arrival


def arrive(events, options):
    """(arrival, event) pairs in order of arrival. A late event whose session has closed leaves its session."""
    rng = random.Random(options.seed * 7919 + options.arrivals)
    pairs = []
    for number, event in enumerate(events):
        delay = 0
        if not options.in_order and not event.get("punctual"):
            draw = rng.random()
            lateness = options.lateness * SECOND
            delay = rng.randrange(int(lateness) + 1) if draw < 0.5 else 0
            if not event["session"] and (draw < 0.1 or event.get("late_login") and draw < 0.5):
                delay = rng.randrange(int(options.rolling_lateness * HOUR) + 1)
            elif 0.98 < draw:
                delay = rng.randrange(25 * MINUTE)
        pairs.append((event["time"] + delay, 0 if options.in_order else rng.random(), number, event))
    pairs.sort(key=lambda pair: pair[:3])

    open_sessions = {}  # key -> [[first, last], ...] of what has arrived
    watermark = None
    arrived = []
    for arrival, _, _, event in pairs:
        time, key = event["time"], event["session"]
        watermark = time if watermark is None else max(watermark, time)
        if key:
            spans = open_sessions.setdefault(key, [])
            touched = [span for span in spans if span[0] - GAP <= time <= span[1] + GAP]
            ends = [span[1] for span in touched]
            closed = any(end + GAP + CLOSES_AFTER < watermark for end in ends)
            if closed or max(ends + [time]) + GAP + CLOSES_AFTER < watermark:
                event = dict(event, session="")
            else:
                rest = [span for span in spans if span not in touched]
                merged = [min([time] + [span[0] for span in touched]), max([time] + ends)]
                open_sessions[key] = rest + [merged]
        arrived.append((arrival, event))
    return arrived


def generate(options):
    """Lines (bytes, without newline) in order of arrival, and the times of the events among them."""
    shop = Shop(random.Random(options.seed), options)
    events = make_visits(shop, options)
    quiet = make_quiet(shop, events, len(events) // 10)
    events = events[:len(events) - len(quiet)] + quiet
    arrived = arrive(events, options)
    rng = random.Random(options.seed * 104729 + options.arrivals)
    records = []
    for arrival, event in arrived:
        line = record_of(event, options.form, rng)
        records.append((arrival, line))
        draw = 1 if event.get("punctual") else rng.random()
        if draw < 0.03:
            records.append((arrival, line))
        elif draw < 0.05:
            # Later, but before the id is forgotten.
            room = max(23 * HOUR - (arrival - event["time"]), 1)
            records.append((arrival + (0 if options.in_order else rng.randrange(room)), line))
        elif draw < 0.06:  # the same id and time, other content
            other = dict(event, products=[shop.product() for _ in event["products"]])
            records.append((arrival, record_of(other, options.form, rng)))
        if rng.random() < 0.01:
            records.append((arrival, garbage(rng, line)))
    records.sort(key=lambda record: record[0])
    return [line for _, line in records], [event["time"] for _, event in arrived]


def add_options(parser):
    parser.add_argument("--users", type=int, default=12, help="shoppers who log in (default 12)")
    parser.add_argument("--days", type=float, default=2.0, help="days that visits begin in (default 2)")
    parser.add_argument("--form", choices=("json", "tsv", "mixed"), default="mixed")
    parser.add_argument("--lateness", type=float, default=3.0,
                        help="seconds that any event may be late (default 3; 4 at most, or sessions are refused)")
    parser.add_argument("--rolling-lateness", type=float, default=20.0,
                        help="hours that an event without a session may be late (default 20)")
    parser.add_argument("--late-reuse", action="store_true",
                        help="an event id used again may come late too, after the job has forgotten the first")
    parser.add_argument("--arrivals", type=int, default=0, help="seed of the order of arrival (default 0)")
    parser.add_argument("--in-order", action="store_true", help="events come in order of event time")


def options_for(seed, events, arguments=()):
    parser = argparse.ArgumentParser()
    add_options(parser)
    options = parser.parse_args(list(arguments))
    options.seed, options.events = seed, events
    return options


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    add_options(parser)
    lines, _ = generate(parser.parse_args())
    sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))


if __name__ == "__main__":
    main()
