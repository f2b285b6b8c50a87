#!/usr/bin/env python3
# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""The oracle against cases worked out by hand."""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import compare  # noqa: E402
import generate  # noqa: E402
import oracle  # noqa: E402

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = 1741694400000  # 2025-03-11 12:00 UTC
ECOMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"


def iso(time):
    text = datetime.datetime.fromtimestamp(time // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{time % 1000:03d}Z"


class Visit:
    """Builds lines; times are milliseconds after NOON."""

    def __init__(self):
        self.lines = []

    def add(self, kind, at, user="ann", browser=None, session=None, payload=None, **enrich):
        record = {
            "id": enrich.pop("id", f"e{len(self.lines)}"), "type": kind, "timestamp": iso(NOON + at),
            "payload": payload or {},
            "enrich": {"client": {"useragent": enrich.pop("agent", "")},
                       "user": {"user_id": user, "domain_userid": browser}, **enrich},
            "session": {"sessionId": session} if session else {},
        }
        self.lines.append(json.dumps(record).encode())

    def view(self, at, identity="1", price=10, brand="Alder", category="Boots", **rest):
        product = {"id": identity, "price": price, "brand": brand, "category": category}
        product = {key: value for key, value in product.items() if value is not None}
        self.add("product_view", at, payload={"product": product}, **rest)

    def cart(self, at, price=10, total=0, kind="add_to_cart", quantity=None, **rest):
        product = {"id": "1", "price": price}
        if quantity is not None:
            product["quantity"] = quantity
        cart = {} if total is None else {"total_value": total}
        self.add(kind, at, payload={"product": product, "cart": cart}, **rest)

    def checkout(self, at, step=2, **rest):
        self.add("checkout_step", at, payload={"checkout_step": {"step": step}}, **rest)

    def transaction(self, at, name, revenue, **rest):
        self.add("transaction", at, payload={"transaction": {"transaction_id": name, "revenue": revenue}}, **rest)

    def store(self, until=None, **settings):
        events, refused = oracle.decode_lines(self.lines)
        assert not refused, refused
        return oracle.store_at(events, None if until is None else NOON + until, **settings)


def tsv(**fields):
    columns = [""] * 131
    for name, value in fields.items():
        columns[getattr(oracle, name)] = value if isinstance(value, str) else json.dumps(value)
    return "\t".join(columns).encode()


def entities(*pairs):
    return {"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
            "data": [{"schema": f"{ECOMMERCE}{name}/jsonschema/1-0-0", "data": data} for name, data in pairs]}


def action(kind, **more):
    return {"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
            "data": {"schema": oracle.ACTION + "jsonschema/1-0-2", "data": {"type": kind, **more}}}


class Numbers(unittest.TestCase):
    def test_money_prints_without_what_is_not_needed(self):
        self.assertEqual(oracle.exact(42990000), "42.99")
        self.assertEqual(oracle.exact(0), "0")
        self.assertEqual(oracle.exact(-1), "-0.000001")
        self.assertEqual(oracle.exact(100000 * 10**6), "100000")

    def test_money_is_rounded_half_even_to_six_decimals(self):
        for text, micro in (("0.0000005", 0), ("0.0000015", 2), ("0.00000050000001", 1),
                            ("272.97999999999996", 272980000), ("1e2", 10**8), ("-0", 0), ("1e15", 10**21),
                            ("1e-400", 0)):
            self.assertEqual(oracle.money(oracle.Number(text)), micro, text)
        for text in ("1e308", "1000000000000001", "1e16", "-1e16"):
            self.assertIsNone(oracle.money(oracle.Number(text)), text)
        self.assertIsNone(oracle.money("42.99"))
        self.assertIsNone(oracle.money(True))

    def test_doubles_print_in_the_shortest_form(self):
        for number, text in ((0.5, "0.5"), (1.0, "1"), (1 / 3, "0.3333333333333333"), (100000.0, "1e+05"),
                             (10000.0, "10000"), (123456.0, "123456"), (0.001, "0.001"), (0.0001, "1e-04"),
                             (1e20, "1e+20"), (1e-7, "1e-07"), (2.5e-7, "2.5e-07"), (-42.99, "-42.99"),
                             (1200000.0, "1200000"), (12000000.0, "1.2e+07"), (0.00012, "0.00012")):
            self.assertEqual(oracle.real(number), text)
            self.assertEqual(float(text), number)

    def test_cents_are_rounded_half_even(self):
        self.assertEqual(oracle.cents(5_000, 1), "0")            # 0.005
        self.assertEqual(oracle.cents(15_000, 1), "0.02")        # 0.015
        self.assertEqual(oracle.cents(100 * 10**6, 3), "33.33")
        self.assertEqual(oracle.cents(-200 * 10**6, 3), "-66.67")

    def test_quantities(self):
        for text, quantity in (("0", 0), ("3", 3), ("1000000000", 10**9), ("1000000001", 1), ("-1", 1), ("1.5", 1)):
            self.assertEqual(oracle.product_of({"quantity": oracle.Number(text)}).quantity, quantity, text)
        self.assertEqual(oracle.product_of({"quantity": "2"}).quantity, 1)

    def test_times(self):
        self.assertEqual(oracle.parse_time("2025-03-11T12:00:00Z"), NOON)
        self.assertEqual(oracle.parse_time("2025-03-11T12:00:00.7Z"), NOON + 700)
        self.assertEqual(oracle.parse_time("2025-03-11 12:00:00.043000"), NOON + 43)
        for text in ("", "2025-02-30T00:00:00Z", "2025-03-11T24:00:00Z", "yesterday", "2025-03-11T12:00Z"):
            self.assertIsNone(oracle.parse_time(text), text)


class Rolling(unittest.TestCase):
    def test_products(self):
        visit = Visit()
        visit.view(0, "1", 10)
        visit.view(1000, "2", 20, brand="Birch")
        visit.view(2000, "1", 13.5)
        visit.view(3000, "3", None, brand="Birch")
        visit.view(4000, None, 99, brand="Birch")
        store = visit.store()
        self.assertEqual(store["user:ann:product_view_count_5m"], "3")
        self.assertEqual(store["user:ann:avg_viewed_price_5m"], "16.75")
        self.assertEqual(store["user:ann:return_view_count_5m"], '{"1":2,"2":1,"3":1}')
        self.assertEqual(store["user:ann:price_range_viewed_5m"], "10-99")
        self.assertEqual(store["user:ann:most_viewed_brand_5m"], "Birch")

    def test_a_tie_goes_to_the_one_viewed_last(self):
        visit = Visit()
        visit.view(1000, brand="Birch", category="Coats")
        visit.view(0, brand="Alder", category="Boots")
        self.assertEqual(visit.store()["user:ann:most_viewed_brand_1h"], "Birch")
        self.assertEqual(visit.store()["user:ann:top_category_1h"], "Coats")
        visit.view(1000, brand="Alder", category="Boots")
        visit.view(1000, brand="Birch", category="Coats")
        visit.view(1000, brand="Alder", category="Boots")
        self.assertEqual(visit.store()["user:ann:most_viewed_brand_1h"], "Alder")

    def test_an_event_exactly_a_window_old_has_left(self):
        visit = Visit()
        visit.view(0)
        self.assertEqual(visit.store(5 * MINUTE - 1)["user:ann:product_view_count_5m"], "1")
        empty = visit.store(5 * MINUTE)
        self.assertEqual(empty["user:ann:product_view_count_5m"], "0")
        self.assertEqual(empty["user:ann:avg_viewed_price_5m"], "0")
        self.assertEqual(empty["user:ann:return_view_count_5m"], "{}")
        self.assertEqual(empty["user:ann:price_range_viewed_5m"], "0-0")
        self.assertEqual(empty["user:ann:most_viewed_brand_5m"], "")
        self.assertEqual(empty["user:ann:product_view_count_1h"], "1")
        self.assertIn("user:ann:product_view_count_5m", visit.store(15 * MINUTE - 1))
        self.assertNotIn("user:ann:product_view_count_5m", visit.store(15 * MINUTE))
        self.assertEqual(visit.store(DAY + 10 * MINUTE), {})

    def test_categories(self):
        visit = Visit()
        visit.add("list_view", 0, payload={"product": {}, "list_name": "New in"})
        visit.view(1000, category="Boots")
        visit.view(2000, category="Boots")
        visit.view(3000, category=None)
        visit.add("list_view", 4000, payload={})
        store = visit.store()
        self.assertEqual(store["user:ann:top_category_24h"], "Boots")
        self.assertEqual(store["user:ann:unique_categories_24h"], "2")
        self.assertEqual(store["user:ann:category_view_count_24h"], "3")
        self.assertEqual(store["user:ann:repeat_category_views_24h"], "1")

    def test_carts(self):
        visit = Visit()
        visit.cart(0, 0.1)
        visit.cart(1, 0.2)
        visit.cart(2, 0.1, kind="remove_from_cart", quantity=3)
        visit.cart(3, "9.99")
        visit.add("add_to_cart", 4, payload={"product": {}})
        store = visit.store()
        self.assertEqual(store["user:ann:cart_value_5m"], "0")
        self.assertEqual(store["user:ann:cart_add_count_5m"], "4")
        self.assertEqual(store["user:ann:cart_remove_count_5m"], "1")
        self.assertEqual(store["user:ann:cart_update_frequency_5m"], "5")

    def test_several_products_of_one_event_count_each(self):
        line = tsv(EVENT="unstruct", EVENT_ID="e", USER_ID="ann", DERIVED_TIME="2025-03-11 12:00:00.000",
                   UNSTRUCT=action("add_to_cart"),
                   CONTEXTS=entities(("product", {"id": "1", "price": 2.5, "quantity": 2}),
                                     ("product", {"id": "2", "price": 1}), ("cart", {"total_value": 6})))
        events, _ = oracle.decode_lines([line])
        store = oracle.store_at(events)
        self.assertEqual(store["user:ann:cart_add_count_5m"], "2")
        self.assertEqual(store["user:ann:cart_value_5m"], "6")


class Purchases(unittest.TestCase):
    def orders(self, visit, until=None, **settings):
        store = visit.store(until, **settings)
        return tuple(store.get(f"user:ann:{name}_24h") for name in ("orders_count", "order_value", "avg_order_value"))

    def test_a_checkout_after_a_cart_event_is_an_order(self):
        visit = Visit()
        visit.cart(0, 42.99, total=10)
        visit.checkout(1000, step=1)
        visit.checkout(2000)
        self.assertEqual(self.orders(visit), ("1", "52.99", "52.99"))
        self.assertEqual(self.orders(visit, cart_total="after"), ("1", "10", "10"))
        visit.checkout(3000)  # checked out already
        self.assertEqual(self.orders(visit), ("1", "52.99", "52.99"))
        visit.cart(4000, 2.99, total=52.99, kind="remove_from_cart")
        visit.checkout(4000)
        self.assertEqual(self.orders(visit), ("2", "102.99", "51.5"))

    def test_the_total_of_the_tsv_form_is_the_one_after_the_event(self):
        lines = [tsv(EVENT="unstruct", EVENT_ID="a", USER_ID="ann", DERIVED_TIME="2025-03-11 12:00:00.000",
                     UNSTRUCT=action("add_to_cart"),
                     CONTEXTS=entities(("product", {"id": "1", "price": 5}), ("cart", {"total_value": 15}))),
                 tsv(EVENT="unstruct", EVENT_ID="b", USER_ID="ann", COLLECTOR_TIME="2025-03-11 12:00:01.000",
                     UNSTRUCT=action("checkout_step"), CONTEXTS=entities(("checkout_step", {"step": 2})))]
        events, _ = oracle.decode_lines(lines)
        self.assertEqual(oracle.store_at(events)["user:ann:order_value_24h"], "15")
        self.assertEqual(oracle.store_at(events, cart_total="before")["user:ann:order_value_24h"], "20")

    def test_a_cart_event_more_than_a_day_old_is_not_checked_out(self):
        for age, count in ((DAY, "1"), (DAY + 1, None)):
            visit = Visit()
            visit.cart(0)
            visit.checkout(age)
            self.assertEqual(self.orders(visit)[0], count)

    def test_an_order_whose_worth_is_unknown_counts_and_is_worth_nothing(self):
        visit = Visit()
        visit.cart(0, 5, total=None)
        visit.checkout(1)
        self.assertEqual(self.orders(visit), ("1", "0", "0"))

    def test_a_transaction_takes_the_place_of_the_order_inferred_for_it(self):
        for after, count, value in ((30 * MINUTE, "1", "11"), (30 * MINUTE + 1, "2", "21")):
            visit = Visit()
            visit.cart(0, 10)
            visit.checkout(0)
            visit.transaction(after, "t1", 11)
            self.assertEqual(self.orders(visit)[:2], (count, value))
            visit.transaction(after + 1, "t1", 11)
            self.assertEqual(self.orders(visit)[:2], (count, value))

    def test_a_transaction_replaces_one_order_and_a_repeat_none(self):
        visit = Visit()
        visit.cart(0, 1)
        visit.checkout(1)
        visit.cart(2, 2)
        visit.checkout(3)
        visit.transaction(4, "t1", 50)
        self.assertEqual(self.orders(visit)[:2], ("2", "51"))
        visit.transaction(5, "t1", 50)
        self.assertEqual(self.orders(visit)[:2], ("2", "51"))
        visit.transaction(6, "", 7)
        visit.transaction(7, "", 7)
        self.assertEqual(self.orders(visit)[:2], ("3", "64"))

    def test_a_transaction_id_is_free_again_after_a_day(self):
        for after, worth in ((DAY - 1, "1"), (DAY, "2"), (DAY + 1, "2")):
            visit = Visit()
            visit.transaction(0, "t1", 1)
            visit.transaction(after, "t1", 2)
            self.assertEqual(self.orders(visit), ("1", worth, worth))

    def test_the_order_counts_from_the_checkout(self):
        visit = Visit()
        visit.cart(0)
        visit.checkout(HOUR)
        self.assertEqual(self.orders(visit, DAY + HOUR - 1)[0], "1")
        self.assertEqual(self.orders(visit, DAY + HOUR), ("0", "0", "0"))


class Identity(unittest.TestCase):
    def test_who_logs_in_keeps_the_history(self):
        visit = Visit()
        visit.view(0, user=None, browser="b")
        self.assertIn("user:b:product_view_count_5m", visit.store())
        visit.add("page_ping", 1000, user="ann", browser="b")
        self.assertEqual({key.split(":")[1] for key in visit.store()}, {"ann"})
        self.assertEqual({key.split(":")[1] for key in visit.store(stitch=False)}, {"b"})

    def test_an_anonymous_event_belongs_to_the_first_login_at_or_after_it(self):
        visit = Visit()
        visit.view(2000, "late", user="bob", browser="b")
        visit.view(1000, "same", user="ann", browser="b")
        visit.view(0, "before", user="", browser="b")
        visit.view(1000, "equal", user=None, browser="b")
        visit.view(1001, "between", user=None, browser="b")
        visit.view(2001, "after", user=None, browser="b")
        store = visit.store()
        self.assertEqual(store["user:ann:return_view_count_5m"], '{"before":1,"equal":1,"same":1}')
        self.assertEqual(store["user:bob:return_view_count_5m"], '{"between":1,"late":1}')
        self.assertEqual(store["user:b:return_view_count_5m"], '{"after":1}')

    def test_a_login_after_the_time_asked_for_has_not_happened(self):
        visit = Visit()
        visit.view(0, user=None, browser="b")
        visit.add("page_view", 1000, user="ann", browser="b")
        self.assertIn("user:b:product_view_count_5m", visit.store(999))
        self.assertNotIn("user:ann:product_view_count_5m", visit.store(999))

    def test_repeats_change_nothing_for_a_day(self):
        visit = Visit()
        visit.view(0, "1", id="x")
        visit.view(1, "2", id="x")
        self.assertEqual(visit.store()["user:ann:return_view_count_1h"], '{"1":1}')
        visit.view(DAY, "3", id="x")
        self.assertEqual(visit.store()["user:ann:return_view_count_1h"], '{"3":1}')

    def test_an_event_of_nobody_is_passed_over(self):
        visit = Visit()
        visit.view(0, user="", browser="")
        self.assertEqual(visit.store(), {})


class Sessions(unittest.TestCase):
    def test_metrics(self):
        visit = Visit()
        visit.add("page_view", 0, session="s", agent=generate.PHONE, platform="mob",
                  payload={"page_url": "https://shop.example/search?q=hat"})
        visit.add("page_view", 1000, session="s", agent=generate.DESKTOP, platform="web",
                  marketing={"mkt_medium": "cpc"}, payload={"page_url": "https://shop.example/search?q="})
        visit.view(2000, session="s", agent=generate.DESKTOP, platform="web",
                   marketing={"mkt_source": "mail", "mkt_campaign": "winter"})
        visit.view(3000, session="s", agent=generate.DESKTOP, platform="web")
        visit.view(4000, session="s", agent=generate.DESKTOP, platform="web")
        visit.cart(5000, session="s", agent=generate.DESKTOP, platform="app")
        self.assertEqual({key: value for key, value in visit.store().items() if key.startswith("session:")}, {
            "session:s:session_duration": "5000",
            "session:s:session_page_count": "2",
            "session:s:session_bounce": "false",
            "session:s:session_marketing_campaign": "",
            "session:s:session_marketing_source": "",
            "session:s:session_cart_ratio": "0.3333333333333333",
            "session:s:session_search_count": "1",
            "session:s:shopper_device_types": '["Mobile","Desktop"]',
            "session:s:shopper_latest_platform": "app",
            "session:s:shopper_locations": "[]",
            "session:s:shopper_region_changes": "0",
        })

    def test_the_ratio_counts_products_or_events(self):
        lines = []
        for second, (kind, products) in enumerate((("product_view", 1), ("product_view", 0), ("add_to_cart", 3))):
            pairs = [("product", {"id": str(number)}) for number in range(products)]
            lines.append(tsv(EVENT="unstruct", EVENT_ID=str(second), DOMAIN_SESSIONID="s", UNSTRUCT=action(kind),
                             DERIVED_TIME=f"2025-03-11 12:00:0{second}.000", CONTEXTS=entities(*pairs)))
        events, _ = oracle.decode_lines(lines)
        for counts, ratio in (("products", "3"), ("events", "0.5")):
            self.assertEqual(oracle.store_at(events, session_counts=counts)["session:s:session_cart_ratio"], ratio)

    def test_a_bounce_has_fewer_than_two_page_views_and_no_cart_event(self):
        visit = Visit()
        visit.add("page_view", 0, session="s")
        self.assertEqual(visit.store()["session:s:session_bounce"], "true")
        visit.cart(1, kind="remove_from_cart", session="s")
        self.assertEqual(visit.store()["session:s:session_bounce"], "false")

    def test_events_at_most_the_gap_apart_are_one_session(self):
        for gap, duration in ((30 * MINUTE, str(30 * MINUTE)), (30 * MINUTE + 1, "0")):
            visit = Visit()
            visit.add("page_ping", gap, session="s")
            visit.add("page_ping", 0, session="s")
            self.assertEqual(visit.store()["session:s:session_duration"], duration)

    def test_a_late_event_joins_two_sessions(self):
        visit = Visit()
        visit.add("page_view", 0, session="s")
        visit.add("page_view", 50 * MINUTE, session="s")
        self.assertEqual(visit.store()["session:s:session_page_count"], "1")
        visit.add("page_view", 25 * MINUTE, session="s")
        self.assertEqual(visit.store()["session:s:session_page_count"], "3")

    def test_values_go_ten_minutes_after_the_session_closed(self):
        visit = Visit()
        visit.add("page_view", 0, session="s", user=None)
        self.assertEqual(len(visit.store(40 * MINUTE - 1)), 11)
        self.assertEqual(visit.store(40 * MINUTE), {})

    def test_places(self):
        lines = []
        athens, piraeus = ("GR", "I", "Athens"), ("GR", "A1", "Piraeus")
        for second, place in enumerate((athens, ("", "", ""), piraeus, athens, athens)):
            lines.append(tsv(EVENT="page_view", EVENT_ID=str(second), DOMAIN_SESSIONID="s", GEO_COUNTRY=place[0],
                             GEO_REGION=place[1], GEO_CITY=place[2], DERIVED_TIME=f"2025-03-11 12:00:0{second}.000"))
        events, _ = oracle.decode_lines(lines)
        store = oracle.store_at(events)
        self.assertEqual(store["session:s:shopper_locations"], '["Athens, GR","Piraeus, GR"]')
        self.assertEqual(store["session:s:shopper_region_changes"], "2")

    def test_searches(self):
        for path, found in (("/search?q=hat", True), ("/search?a=1&q=x#top", True), ("/search?q=#x", False),
                            ("/search/?q=x", False), ("/search", False), ("/find/search?q=x", False),
                            ("/search#?q=x", False), ("/search?qq=x", False), ("", False)):
            self.assertEqual(oracle.is_search("https://shop.example" + path), found, path)


class Lines(unittest.TestCase):
    def test_what_is_no_event_is_left_out(self):
        lines = [b"", b"{}", b"[]", b"{", b"\xff", b"a\tb", b"\t" * 129, b"\t" * 131, b"\t" * 130,
                 b'{"id":"1","timestamp":"x"}', b'{"id":"1"}', b'{"id":7,"timestamp":"2025-03-11T12:00:00Z"}']
        self.assertEqual(oracle.decode_lines(lines)[0], [])

    def test_control_characters_are_escaped(self):
        visit = Visit()
        visit.view(0, "a\nb", user="t\ta\\b\nc")
        rendered = oracle.render(visit.store()).decode()
        self.assertIn('user:t\\ta\\\\b\\nc:return_view_count_5m\t{"a\\\\nb":1}\n', rendered)

    def test_output_is_sorted_bytewise(self):
        visit = Visit()
        for user in ("b", "\u00e9", "a", "Z", "\U0001f600", "\uffee"):
            visit.view(0, user=user)
        keys = [line.split(b"\t")[0] for line in oracle.render(visit.store()).splitlines()]
        self.assertEqual(keys, sorted(keys))

    def test_product_ids_are_sorted_bytewise(self):
        visit = Visit()
        for identity in ("b", "\U0001f600", "\uffee", "10", "9"):
            visit.view(0, identity)
        self.assertEqual(visit.store()["user:ann:return_view_count_5m"],
                         '{"10":1,"9":1,"b":1,"\uffee":1,"\U0001f600":1}')


class Program(unittest.TestCase):
    """oracle.py and generate.py as they are called."""

    def run_oracle(self, *arguments):
        command = [sys.executable, oracle.__file__, *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout.decode()

    def test_the_sample_checkout_ends_with_one_order(self):
        root = os.environ.get("WEIR_SHARED")
        folder = pathlib.Path(root) if root else pathlib.Path(__file__).resolve().parents[3] / "shared"
        sample = folder / "data" / "successful_checkout.jsonl"
        if not sample.exists():
            self.skipTest(f"no sample at {sample}")
        user = "user:trent@snowplowanalytics.com:"
        lines = self.run_oracle(str(sample)).splitlines()
        self.assertIn(f"{user}orders_count_24h\t1", lines)
        self.assertIn(f"{user}order_value_24h\t42.99", lines)
        lines = self.run_oracle("--no-stitch", str(sample)).splitlines()
        self.assertNotIn(f"{user}orders_count_24h\t1", lines)
        lines = self.run_oracle("--cart-total", "after", str(sample)).splitlines()
        self.assertIn(f"{user}order_value_24h\t0", lines)

    def test_a_visit_of_our_own_ends_with_one_order(self):
        visit = Visit()
        visit.view(0, user=None, browser="b", session="s", price=64.5)
        visit.cart(4000, 64.5, user=None, browser="b", session="s")
        visit.checkout(5000, step=1, user=None, browser="b", session="s")
        visit.add("page_view", 9000, user="ann", browser="b", session="s")
        visit.checkout(11000, user="ann", browser="b", session="s")
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
            file.write(b"\n".join(visit.lines))
            file.flush()
            lines = self.run_oracle("--until", "2025-03-11T13:00:00Z", file.name).splitlines()
            self.assertIn("user:ann:orders_count_24h\t1", lines)
            self.assertIn("user:ann:order_value_24h\t64.5", lines)
            self.assertIn("user:ann:cart_value_1h\t64.5", lines)
            self.assertFalse([line for line in lines if line.startswith("user:b:")])
            self.assertEqual(self.run_oracle("--until", str(NOON + 4 * DAY), file.name), "")

    def test_a_seed_makes_one_stream(self):
        for form in ("json", "tsv", "mixed"):
            options = generate.options_for(5, 400, ["--form", form])
            lines, times = generate.generate(options)
            self.assertEqual((lines, times), generate.generate(options))
            self.assertEqual(len(times), 400)
            events, refused = oracle.decode_lines(lines)
            self.assertGreaterEqual(len(events), 400)
            self.assertTrue(refused)

    def test_streams_hold_what_they_are_for(self):
        """Otherwise a comparison may agree about nothing."""
        kinds, moved, late, orders, split = set(), 0, 0, 0, 0
        for seed in range(6):
            lines, _ = generate.generate(generate.options_for(seed, 2000, ["--form", ("json", "tsv")[seed % 2]]))
            events, _ = oracle.decode_lines(lines)
            kinds |= {event.type for event in events}
            late += sum(before.time > after.time + HOUR for before, after in zip(events, events[1:]))
            until = sorted(event.time for event in events)[len(events) // 2]
            store = oracle.store_at(events, until)
            moved += len(set(oracle.store_at(events, until, stitch=False)) - set(store))
            orders += sum(value not in ("0", "") for key, value in store.items() if key.endswith(":orders_count_24h"))
            self.assertLess(len(oracle.without_repeats(events)), len(events))
            by_session = {}
            for event in sorted(events, key=lambda event: event.time):
                if event.session_id:
                    last = by_session.get(event.session_id)
                    split += last is not None and event.time - last > oracle.GAP
                    by_session[event.session_id] = event.time
        self.assertLessEqual({"page_view", "product_view", "list_view", "add_to_cart", "remove_from_cart",
                              "checkout_step", "transaction", "page_ping"}, kinds)
        for found in (moved, late, orders, split):
            self.assertGreater(found, 5)

    def test_in_order_streams_are_in_order(self):
        lines, times = generate.generate(generate.options_for(3, 500, ["--in-order"]))
        self.assertEqual(times, sorted(times))
        stamps = [event.time for event in oracle.decode_lines(lines)[0]]
        self.assertEqual(stamps, sorted(stamps))


class Folding(unittest.TestCase):
    def test_writes_last_as_long_as_their_ttl(self):
        writes = [(0, "k", "1", 1000), (10, "gone", "1", 500), (20, "gone", "", 20), (900, "k", "2", 1900)]
        self.assertEqual(compare.fold(writes, 899), {"k": ("1", 1000)})
        self.assertEqual(compare.fold(writes, 15), {"k": ("1", 1000), "gone": ("1", 500)})
        self.assertEqual(compare.fold(writes, 1899), {"k": ("2", 1900)})
        self.assertEqual(compare.fold(writes, 1900), {})


if __name__ == "__main__":
    unittest.main()
