// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What the shop did by itself, for whom and why.

import { element } from '../dom.js';
import { why_table } from '../why.js';
import { milliseconds, same_shopper, short_user } from './text.js';

const MOST = 30;
const MOST_OWN = 3;

export class Actions {
    constructor() {
        this.list_ = document.getElementById('firings');
        this.own_list_ = document.getElementById('own-firings');
        this.rules_ = document.getElementById('rules');
        this.reads_ = document.getElementById('reads');
        this.own = null;
        this.seen_ = new Set();
        this.waiting_ = [];
        this.held_ = element('li', { class: 'about' });
        this.list_.replaceChildren(
            element(
                'li',
                { class: 'about' },
                'Nothing yet. Fill a cart and wait, or look at cheap and dear things and come back.',
            ),
        );
        // What somebody reads must not move away from under them. `toggle` does not bubble.
        this.list_.addEventListener('toggle', () => this.show_waiting_(), true);
        this.start([]);
    }

    /// At each connection; what is shown already stays.
    start(rules) {
        this.rules_.replaceChildren(
            ...rules.flatMap((rule) => [
                element('dt', {}, rule.title ?? rule.name),
                element(
                    'dd',
                    {},
                    rule.condition,
                    rule.for > 0 ? `, for ${milliseconds(rule.for)}` : '',
                    `; ${words_of(rule.kind)}, then not again for ${milliseconds(rule.cool_down)}.`,
                ),
            ]),
        );
    }

    take(firing) {
        if (this.seen_.has(firing.id)) return;
        if (this.seen_.size === 0) this.list_.replaceChildren();
        this.seen_.add(firing.id);
        if (this.seen_.size > 1000) this.seen_.delete(this.seen_.values().next().value);
        if (same_shopper(firing, this.own)) {
            // One's own stay in sight, whatever happens to others; the latest story is open.
            for (const details of this.own_list_.querySelectorAll('details')) details.open = false;
            this.own_list_.prepend(row(firing, true));
            while (this.own_list_.children.length > MOST_OWN) this.own_list_.lastChild.remove();
            return;
        }
        this.waiting_.push(firing);
        if (this.waiting_.length > MOST) this.waiting_.shift();
        this.show_waiting_();
    }

    show_waiting_() {
        this.held_.remove();
        if (this.list_.querySelector('details[open]')) {
            const count = this.waiting_.length;
            if (count > 0) {
                this.held_.textContent = `${count} newer ${count === 1 ? 'one waits' : 'ones wait'} until you fold it.`;
                this.list_.prepend(this.held_);
            }
            return;
        }
        for (const firing of this.waiting_) this.list_.prepend(row(firing, false));
        this.waiting_ = [];
        while (this.list_.children.length > MOST) this.list_.lastChild.remove();
    }

    reads(reads) {
        this.reads_.textContent = reads?.count ? `MGET median ${Math.round(reads.p50_us)} µs` : '';
    }
}

function row(firing, own) {
    const kind = firing.do?.kind ?? '';
    return element(
        'li',
        { class: firing.old ? '' : 'fresh' },
        element(
            'div',
            { class: 'firing-head' },
            element('strong', {}, firing.title ?? firing.rule),
            element('span', { class: `kind ${kind}` }, words_of(kind)),
        ),
        element(
            'p',
            { class: 'about' },
            own ? 'You, ' : '',
            `${short_user(firing.user)}, ${new Date(firing.at).toLocaleTimeString('en-GB')}`,
            firing.held > 0 ? `, after ${milliseconds(firing.held)}` : '',
        ),
        element('details', { open: own }, element('summary', {}, 'Why'), why_table(firing)),
    );
}

const words_of = (kind) => String(kind).replaceAll('_', ' ');
