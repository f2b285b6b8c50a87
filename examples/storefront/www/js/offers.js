// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What the shop offers by itself: a chat, a discount, a word on free delivery, what was looked at before. The server
// decides from the features in Redis and says why; here it is shown without getting in the way. Nothing takes the
// focus; everything can be closed, by Escape too, and stays closed.

import { picture } from './cards.js';
import { product_path } from './catalogue.js';
import { announce, element, icon } from './dom.js';
import { shopper } from './identity.js';
import { read, write } from './storage.js';
import { toast } from './toast.js';
import { why } from './why.js';

export function start_offers(catalogue, cart) {
    const offers = new Offers(catalogue, cart);
    const follow = () => offers.follow(shopper());
    document.addEventListener('identity', () => {
        offers.clear();
        follow();
    });
    document.addEventListener('tracked', follow);
    document.addEventListener('navigated', () => offers.place());
    document.addEventListener('cart', () => offers.place());
    window.addEventListener('pagehide', () => offers.follow(null));
    window.addEventListener('pageshow', (event) => {
        if (event.persisted) follow();
    });
    follow();
}

class Offers {
    constructor(catalogue, cart) {
        this.catalogue_ = catalogue;
        this.cart_ = cart;
        this.closed_ = new Set(read(sessionStorage, 'closed', []));
        this.shown_ = new Set(read(sessionStorage, 'shown', []));
        this.now_ = new Map(); // kind -> {action, node}
        this.corner_ = element('aside', {
            class: 'offers',
            'aria-label': 'Offers for you',
            on: { keydown: (event) => this.on_key_(event) },
        });
        this.nudge_ = element('aside', {
            class: 'nudge',
            'aria-label': 'Delivery',
            hidden: true,
            on: { keydown: (event) => this.on_key_(event) },
        });
        document.getElementById('main').before(this.nudge_);
        document.getElementById('footer').before(this.corner_);
    }

    /// Listens for the shopper's actions; null stops.
    follow(who) {
        const key = who ? `${who.user} ${who.session}` : null;
        if (key === this.key_) return;
        this.key_ = key;
        this.source_?.close();
        this.source_ = null;
        if (!who) return;
        this.source_ = new EventSource(
            `/api/actions?user=${encodeURIComponent(who.user)}&session=${encodeURIComponent(who.session)}`,
        );
        this.source_.addEventListener('action', (event) => this.take_(JSON.parse(event.data)));
    }

    clear() {
        for (const kind of [...this.now_.keys()]) this.drop_(kind);
    }

    take_(action) {
        const kind = action.do?.kind;
        if (!VIEWS[kind] || this.closed_.has(action.id)) return;
        // One from before this page was opened is shown again only where it was on the screen, or where it lasts.
        if (action.old && !this.shown_.has(action.id) && (kind === 'chat' || kind === 'free_shipping')) return;
        if (this.now_.get(kind)?.action.id === action.id) return;
        // Somebody who writes is not interrupted by a newer invitation to write.
        if (kind === 'chat' && this.now_.has('chat')) return;
        this.drop_(kind);
        const node = VIEWS[kind](this, action);
        if (!node) return;
        this.now_.set(kind, { action, node });
        this.place();
        if (!this.shown_.has(action.id)) {
            this.shown_.add(action.id);
            write(sessionStorage, 'shown', [...this.shown_].slice(-100));
            announce(
                kind === 'looked_at'
                    ? 'At the end of the page: what you looked at.'
                    : `${action.do.text ?? action.title} You find it before the end of the page.`,
            );
        }
    }

    close(kind) {
        const offer = this.now_.get(kind);
        if (!offer) return;
        this.closed_.add(offer.action.id);
        write(sessionStorage, 'closed', [...this.closed_].slice(-100));
        const had_focus = offer.node.contains(document.activeElement);
        this.drop_(kind);
        if (had_focus) document.getElementById('main').focus({ preventScroll: true });
    }

    drop_(kind) {
        this.now_.get(kind)?.node.remove();
        this.now_.delete(kind);
        this.nudge_.hidden = !this.now_.has('free_shipping');
    }

    /// Puts each offer where it belongs on the page that is open.
    place() {
        // What was offered to make the order easier is done with.
        if (location.pathname === '/order') for (const kind of ['chat', 'discount', 'free_shipping']) this.drop_(kind);
        const checking_out = /^\/(checkout|payment|order)$/.test(location.pathname);
        for (const [kind, { node }] of this.now_) {
            if (kind === 'free_shipping') {
                this.nudge_.append(node);
                const { subtotal, shipping } = this.cart_.sums();
                this.nudge_.hidden = subtotal === 0 || shipping === 0;
            } else if (kind === 'looked_at') {
                if (checking_out) node.remove();
                else document.getElementById('main').append(node);
            } else if (node.parentNode !== this.corner_) {
                // Two at once are too much for a phone: the earlier one makes itself small.
                if (matchMedia('(max-width: 520px)').matches)
                    for (const other of this.corner_.children) fold(other, true);
                this.corner_.append(node);
            }
        }
    }

    on_key_(event) {
        if (event.key !== 'Escape') return;
        for (const [kind, { node }] of this.now_) {
            if (node.contains(event.target)) this.close(kind);
        }
    }

    get catalogue() {
        return this.catalogue_;
    }
    get cart() {
        return this.cart_;
    }
}

const close_button = (offers, kind, what) =>
    element(
        'button',
        {
            class: 'icon-button',
            type: 'button',
            'aria-label': `Close: ${what}`,
            on: { click: () => offers.close(kind) },
        },
        icon('close'),
    );

function card(offers, action, sign, title, ...body) {
    const kind = action.do.kind;
    const id = `offer-${kind}`;
    return element(
        'section',
        { class: `offer ${kind}`, 'aria-labelledby': id, dataset: { rule: action.rule } },
        element(
            'header',
            {},
            element('span', { class: 'badge' }, icon(sign)),
            element('h2', { id }, fold_button(title)),
            close_button(offers, kind, title),
        ),
        element('div', { class: 'body' }, body, why(action)),
    );
}

function fold_button(title) {
    return element(
        'button',
        {
            class: 'fold',
            type: 'button',
            'aria-expanded': 'true',
            on: {
                click: (event) =>
                    fold(
                        event.currentTarget.closest('.offer'),
                        event.currentTarget.getAttribute('aria-expanded') === 'true',
                    ),
            },
        },
        title,
    );
}

function fold(offer, away) {
    offer.querySelector('.fold').setAttribute('aria-expanded', String(!away));
    offer.querySelector('.body').hidden = away;
}

const VIEWS = {
    chat(offers, action) {
        const log = element(
            'div',
            { class: 'chat-log', role: 'log', 'aria-label': 'Chat' },
            element('p', { class: 'bubble' }, action.do.text),
        );
        const input = element('input', {
            type: 'text',
            'aria-label': 'Your message',
            placeholder: 'Write a message',
            maxLength: 500,
            autocomplete: 'off',
        });
        const say = (text, own) => {
            log.append(element('p', { class: own ? 'bubble own' : 'bubble' }, text));
            log.scrollTop = log.scrollHeight;
        };
        const form = element(
            'form',
            {
                class: 'chat-form',
                on: {
                    submit(event) {
                        event.preventDefault();
                        const text = input.value.trim();
                        if (!text) return;
                        input.value = '';
                        say(text, true);
                        setTimeout(
                            () =>
                                say(
                                    'Thank you. In a real shop a person would answer now; here nobody reads along.',
                                    false,
                                ),
                            700,
                        );
                    },
                },
            },
            input,
            element('button', { class: 'icon-button', type: 'submit', 'aria-label': 'Send' }, icon('send')),
        );
        return card(offers, action, 'chat', 'Ask us anything', log, form);
    },

    discount(offers, action) {
        const { code, percent, text } = action.do;
        const take = element(
            'button',
            {
                class: 'button small',
                type: 'button',
                on: {
                    click() {
                        offers.cart.code = { code, percent };
                        toast(`${percent} % off is in your cart.`);
                        offers.close('discount');
                    },
                },
            },
            'Use it',
        );
        return card(
            offers,
            action,
            'percent',
            `${percent} % off for you`,
            element('p', {}, text),
            element('div', { class: 'code' }, element('code', {}, code), take),
        );
    },

    free_shipping(offers, action) {
        return element(
            'div',
            { class: 'bar', dataset: { rule: action.rule } },
            icon('truck'),
            element('p', {}, action.do.text),
            why(action),
            close_button(offers, 'free_shipping', 'delivery'),
        );
    },

    looked_at(offers, action) {
        const products = offers.catalogue.these(action.do.product_ids ?? []).slice(0, 6);
        if (products.length === 0) return null;
        return element(
            'section',
            { class: 'strip', 'aria-labelledby': 'looked-at', dataset: { rule: action.rule } },
            element(
                'div',
                { class: 'section-head' },
                element('h2', { id: 'looked-at' }, action.do.text || 'You looked at'),
                close_button(offers, 'looked_at', 'what you looked at'),
            ),
            element(
                'ul',
                { class: 'looked-at' },
                products.map((product) =>
                    element(
                        'li',
                        {},
                        picture(product, 64),
                        element(
                            'div',
                            {},
                            element('a', { href: product_path(product) }, product.name),
                            element('p', { class: 'brand' }, offers.catalogue.money(product.price)),
                        ),
                    ),
                ),
            ),
            why(action),
        );
    },
};
