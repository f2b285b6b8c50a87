// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// From a click in this browser to the change in Redis, measured here: the shop says when it tracked an event and when
// the click before it was, the server's stream says when the event left Kafka and when what it changed was in Redis;
// this clock is read at both ends. The server can tell that only of events that came in order; a product view that
// overtook the click on its list is known by the value that none but its kind changes.

import { element } from '../dom.js';
import { words } from './text.js';

const SHOWN = 6;
const SCALE = 300; // ms across the whole bar; its mark is at 200

// What changes with every event of a type, and with no other's.
const CHANGES = {
    page_view: 'session_page_count',
    product_view: 'return_view_count',
    add_to_cart: 'cart_add_count',
    remove_from_cart: 'cart_remove_count',
};

const now = () => performance.timeOrigin + performance.now();

export class Freshness {
    constructor() {
        this.waiting_ = new Map();
        this.runs_ = [];
        this.place_ = document.getElementById('freshness');
        this.big_ = element('div', { class: 'big' }, '–');
        this.note_ = element('p', {}, 'click to Redis, measured in this page');
        this.all_ = element('p');
        this.list_ = element('ol', { class: 'runs', 'aria-label': 'Your last events' });
        this.place_.append(
            element('div', {}, this.big_, this.note_, this.all_),
            this.list_,
            element(
                'div',
                { class: 'legend' },
                element('span', { class: 'kafka' }, 'to Kafka and back'),
                element('span', {}, 'through the windows into Redis, and here'),
                element('span', { class: 'aim' }, '200 ms'),
            ),
        );
        this.draw_();
    }

    /// The shop tracked an event.
    tracked({ id, type, clicked, tracked }) {
        if (!id || type === 'page_ping') return;
        // What is tracked once it is on the screen is set off by that, not by the click.
        const from_click = clicked !== null && type !== 'list_view' && type !== 'promo_view';
        this.waiting_.set(id, { type, begun: from_click ? clicked : tracked, clicked: from_click, left_kafka: null });
        if (this.waiting_.size > 200) this.waiting_.delete(this.waiting_.keys().next().value);
    }

    /// It left Kafka.
    seen({ id }) {
        const run = this.waiting_.get(id);
        if (run) run.left_kafka ??= now();
    }

    /// What it changed is in Redis.
    stored({ id }) {
        const run = this.waiting_.get(id);
        if (run) this.end_(id, run);
    }

    /// Values of one's own changed in Redis.
    changed({ changes }) {
        const features = new Set(changes.map(({ feature }) => feature));
        for (const [id, run] of this.waiting_) if (features.has(CHANGES[run.type])) this.end_(id, run);
    }

    end_(id, run) {
        this.waiting_.delete(id);
        run.taken = now() - run.begun;
        run.kafka = Math.min(run.taken, (run.left_kafka ?? now()) - run.begun);
        this.runs_.push(run);
        if (this.runs_.length > 100) this.runs_.shift();
        this.draw_();
    }

    overall(freshness) {
        this.all_.textContent = freshness?.count ? `All shoppers: ${Math.round(freshness.p50)} ms` : '';
    }

    draw_() {
        const last = this.runs_.at(-1);
        if (!last) {
            this.list_.replaceChildren(element('li', {}, element('span', { class: 'type' }, 'Click a product.')));
            return;
        }
        const sorted = this.runs_.map((run) => run.taken).sort((a, b) => a - b);
        this.big_.replaceChildren(String(Math.round(last.taken)), element('small', {}, ' ms'));
        const median = Math.round(sorted[Math.floor(sorted.length / 2)]);
        const from = last.clicked ? 'click' : 'event';
        this.note_.textContent = `${from} to Redis, measured here. Your median: ${median} ms of ${sorted.length}`;
        this.list_.replaceChildren(
            ...this.runs_
                .slice(-SHOWN)
                .reverse()
                .map((run) => {
                    const kafka = element('span', { class: 'kafka' });
                    const redis = element('span');
                    const share = (ms) => Math.min(100, (ms / SCALE) * 100);
                    kafka.style.width = `${share(run.kafka)}%`;
                    redis.style.width = `${share(run.taken) - share(run.kafka)}%`;
                    return element(
                        'li',
                        {},
                        element('span', { class: 'type' }, words(run.type)),
                        element('span', { class: 'track', 'aria-hidden': 'true' }, kafka, redis),
                        element('span', { class: 'ms' }, `${Math.round(run.taken)} ms`),
                    );
                }),
        );
    }
}
