// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Whose features are shown: one's own first, then whoever is about.

import { fetch_json } from '../catalogue.js';
import { element } from '../dom.js';
import { short_user, words } from './text.js';

const OWN = 'own';

export class Picker {
    /// `picked` is called with {user, session}, or with null while there is nobody.
    constructor(picked) {
        this.picked_ = picked;
        this.select_ = document.getElementById('picker');
        this.me_ = null;
        this.others_ = [];
        this.select_.addEventListener('change', () => this.tell_());
        this.fill_();
        this.read_();
        // A list that changes while it is open loses the place of whoever reads it.
        setInterval(() => {
            if (document.activeElement !== this.select_ && !document.hidden) this.read_();
        }, 4000);
    }

    own(who) {
        const before = JSON.stringify(this.me_);
        this.me_ = who;
        if (JSON.stringify(who) === before) return;
        this.fill_();
        this.tell_();
    }

    async read_() {
        try {
            this.others_ = (await fetch_json('/api/shoppers')).shoppers;
            this.fill_();
        } catch {
            /* the next reading may do better */
        }
    }

    fill_() {
        const chosen = this.select_.value || OWN;
        const option = (value, text) => element('option', { value, selected: value === chosen }, text);
        const mine = this.me_ ? `You: ${this.me_.name ?? short_user(this.me_.user)}` : 'You: not in the shop yet';
        const others = this.others_.filter((each) =>
            each.domain_userid ? each.domain_userid !== this.me_?.domain_userid : each.user !== this.me_?.user,
        );
        const group = (label, list) =>
            list.length > 0 &&
            element(
                'optgroup',
                { label },
                list.map((each) => option(key_of(each), `${short_user(each.user)}: ${words(each.last_type)}`)),
            );
        this.select_.replaceChildren(
            ...[
                option(OWN, mine),
                // Whoever is being followed stays in the list though silent.
                chosen !== OWN &&
                    !others.some((each) => key_of(each) === chosen) &&
                    option(chosen, short_user(JSON.parse(chosen).user)),
                group(
                    'People',
                    others.filter((each) => !each.simulated),
                ),
                group(
                    'Simulated',
                    others.filter((each) => each.simulated),
                ),
            ].filter(Boolean),
        );
    }

    tell_() {
        this.picked_(this.select_.value === OWN ? this.me_ : JSON.parse(this.select_.value));
    }
}

const key_of = ({ user, session, domain_userid }) => JSON.stringify({ user, session, domain_userid });
