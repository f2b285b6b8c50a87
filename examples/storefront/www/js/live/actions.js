// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What the shop did by itself, for whom and why.

import { element } from '../dom.js';
import { why_table } from '../why.js';
import { milliseconds, same_shopper, short_user } from './text.js';

const MOST = 30;

export class Actions {
    constructor() {
        this.list_ = document.getElementById('firings');
        this.rules_ = document.getElementById('rules');
        this.reads_ = document.getElementById('reads');
        this.own = null;
        this.start([]);
    }

    start(rules) {
        this.seen_ = new Set();
        this.list_.replaceChildren(
            element(
                'li',
                { class: 'about' },
                'Nothing yet. Fill a cart and wait, or look at cheap and dear things and come back.',
            ),
        );
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
        const own = same_shopper(firing, this.own);
        const kind = firing.do?.kind ?? '';
        // One's own story is open, the others' are folded.
        this.list_.prepend(
            element(
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
            ),
        );
        while (this.list_.children.length > MOST) this.list_.lastChild.remove();
    }

    reads(reads) {
        this.reads_.textContent = reads?.count ? `MGET median ${Math.round(reads.p50_us)} µs` : '';
    }
}

const words_of = (kind) => String(kind).replaceAll('_', ' ');
