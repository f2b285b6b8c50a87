// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The events as they leave Kafka, latest first.

import { element, icon } from '../dom.js';
import { milliseconds, same_shopper, short_user, words } from './text.js';

const MOST = 80; // rows
const PINNED = 4; // of the shopper who is followed, so that theirs do not rush by
const EVERY = 100; // ms between two drawings: at 2000 events/s the eye and the browser get a sample

const LOOKS = {
    product_view: 'view',
    list_view: 'list',
    list_click: 'list',
    promo_view: 'list',
    promo_click: 'list',
    site_search: 'list',
    add_to_cart: 'cart',
    remove_from_cart: 'cart',
    checkout_step: 'order',
    transaction: 'order',
    refund: 'order',
    trns_error: 'order',
};

export class Events {
    constructor(name_of, open) {
        this.name_of_ = name_of;
        this.open_ = open;
        this.list_ = document.getElementById('events');
        this.pinned_ = document.getElementById('followed');
        this.only_ = document.getElementById('only');
        this.pause_ = document.getElementById('pause');
        this.own = null;
        this.shopper = null;
        this.kept_ = [];
        this.new_ = [];
        this.only_.addEventListener('change', () => this.redraw_());
        this.pause_.append(icon('pause'));
        this.pause_.addEventListener('click', () => this.hold_(this.pause_.getAttribute('aria-pressed') !== 'true'));
        setInterval(() => this.draw_(), EVERY);
        this.redraw_();
    }

    clear() {
        this.kept_ = [];
        this.new_ = [];
        this.redraw_();
    }

    take(event) {
        this.kept_.push(event);
        if (this.kept_.length > 2000) this.kept_.splice(0, 1000);
        this.new_.push(event);
        if (this.new_.length > MOST) {
            // Of a flood those of the shopper who is followed are kept.
            const surplus = this.new_.findIndex((each) => !this.followed_(each));
            this.new_.splice(Math.max(0, surplus), 1);
        }
    }

    follow(shopper) {
        this.shopper = shopper;
        this.redraw_();
    }

    hold_(hold) {
        this.pause_.setAttribute('aria-pressed', String(hold));
        this.pause_.replaceChildren(icon(hold ? 'play' : 'pause'));
    }

    followed_(event) {
        return same_shopper(event, this.shopper ?? this.own);
    }

    redraw_() {
        this.new_ = [];
        const only = this.only_.checked;
        const rows = this.kept_
            .filter((event) => !only || this.followed_(event))
            .slice(-MOST)
            .reverse();
        this.list_.replaceChildren(...rows.map((event) => this.row_(event)));
        if (rows.length === 0) this.list_.append(element('li', { class: 'none' }, 'No event yet. Click in the shop.'));
        const pinned = only
            ? []
            : this.kept_
                  .filter((event) => this.followed_(event))
                  .slice(-PINNED)
                  .reverse();
        this.pinned_.replaceChildren(...pinned.map((event) => this.row_(event)));
    }

    draw_() {
        if (this.new_.length === 0 || this.pause_.getAttribute('aria-pressed') === 'true') return;
        const batch = this.new_.reverse();
        this.new_ = [];
        const only = this.only_.checked;
        add(
            this.list_,
            batch.filter((event) => !only || this.followed_(event)).map((event) => this.row_(event)),
            MOST,
        );
        if (!only)
            add(
                this.pinned_,
                batch
                    .filter((event) => this.followed_(event))
                    .slice(0, PINNED)
                    .map((event) => this.row_(event)),
                PINNED,
            );
    }

    row_(event) {
        const own = same_shopper(event, this.own);
        const what = event.product ? this.name_of_(event.product) : (event.list ?? path_of(event.page));
        const more = event.products > 1 ? ` and ${event.products - 1} more` : '';
        const money = event.total ?? event.price;
        return element(
            'li',
            { class: own ? 'own' : '' },
            element(
                'button',
                {
                    class: `event ${LOOKS[event.type] ?? ''}`,
                    type: 'button',
                    'aria-haspopup': 'dialog',
                    on: { click: () => this.open_(event) },
                },
                element('span', { class: 'type' }, words(event.type), own && element('span', { class: 'you' }, 'you')),
                element('span', { class: 'age', title: 'Age when it left Kafka' }, milliseconds(event.age)),
                element(
                    'span',
                    { class: 'about' },
                    element(
                        'span',
                        { class: 'what' },
                        `${what ?? ''}${more}${typeof money === 'number' ? `, ${money}` : ''}`,
                    ),
                    element('span', { class: 'who', title: event.user ?? '' }, short_user(event.user)),
                ),
            ),
        );
    }
}

/// Puts rows before the others, but not while a keyboard is in them: they would move from under it.
function add(list, rows, most) {
    if (rows.length === 0 || list.contains(document.activeElement)) return;
    list.querySelector('.none')?.remove();
    list.prepend(...rows);
    while (list.children.length > most) list.lastChild.remove();
}

function path_of(page) {
    try {
        const url = new URL(page);
        return url.pathname + url.search;
    } catch {
        return page;
    }
}
