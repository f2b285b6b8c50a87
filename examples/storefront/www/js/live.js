// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The live page: one stream of server-sent events, shared out to the panels.

import { load_catalogue } from './catalogue.js';
import { shopper } from './identity.js';
import { Actions } from './live/actions.js';
import { Events } from './live/events.js';
import { Features } from './live/features.js';
import { Freshness } from './live/freshness.js';
import { Picker } from './live/picker.js';
import { show_raw } from './live/raw.js';
import { Simulator } from './live/simulator.js';
import { same_shopper } from './live/text.js';
import { Totals } from './live/totals.js';

// The names of products are an ornament here; without a catalogue their ids do.
const catalogue = await load_catalogue().catch(() => null);
const name_of = (id) => catalogue?.product(id)?.name ?? id;

const totals = new Totals();
const simulator = new Simulator();
const events = new Events(name_of, show_raw);
const features = new Features(name_of);
const freshness = new Freshness();
const actions = new Actions();
const picker = new Picker(follow);

let source = null;
let following = null;

/// Streams all events, and the features of `who` ({user, session}) if there is one.
function follow(who) {
    const query = who ? `?user=${encodeURIComponent(who.user)}&session=${encodeURIComponent(who.session ?? '')}` : '';
    if (source && query === following) return;
    following = query;
    events.follow(who);
    features.clear();
    source?.close();
    source = new EventSource(`/live/events${query}`);
    const on = (name, take) => source.addEventListener(name, (message) => take(JSON.parse(message.data)));
    on('hello', (hello) => {
        totals.connected(true);
        events.clear();
        actions.start(hello.rules ?? []);
        simulator.start(hello.simulator);
    });
    on('event', (event) => {
        events.take(event);
        if (!event.old) freshness.seen(event);
    });
    on('stored', (event) => freshness.stored(event));
    on('firing', (firing) => actions.take(firing));
    on('totals', (data) => {
        totals.show(data);
        freshness.overall(data.freshness);
        actions.reads(data.reads);
    });
    on('features', (data) => features.show(data));
    on('changes', (data) => {
        features.change(data);
        if (same_shopper(data, shopper())) freshness.changed(data);
    });
    on('ttls', (data) => features.ttls(data));
    source.onerror = () => totals.connected(false);
}

// The shop in the frame, or in another tab, says what it tracked the moment it did.
const channel = new BroadcastChannel('alderwick');
channel.onmessage = ({ data }) => {
    freshness.tracked(data);
    me();
};

function me() {
    const who = shopper();
    events.own = who;
    actions.own = who;
    picker.own(who);
}

document.addEventListener('identity', me);
me();
// Before the first visit to the shop there is nobody to follow; the stream of events runs already.
if (!shopper()) follow(null);
window.addEventListener('pagehide', () => {
    source?.close();
    source = null;
});
window.addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
});
