// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The job's and the storefront's counts, and what is up.

import { element } from '../dom.js';
import { bytes, number } from './text.js';

const TILES = [
    ['events / s', 'Events a second through the job', (t) => t.events_per_second, number],
    ['shoppers', 'Shoppers the job keeps windows for', (t) => t.shoppers, number],
    ['keys', 'Keys in state', (t) => t.keys, number],
    ['state', 'Bytes of state', (t) => t.state_bytes, bytes],
    ['late', 'Events that came too late', (t) => t.late, number],
    ['dead letters', 'Records that could not be decoded', (t) => t.dead_letters, number],
    [
        'click to Redis, p99',
        'Over the last events of all shoppers, by the server',
        (t) => t.freshness?.p99,
        (ms) => `${Math.round(ms)} ms`,
    ],
    [
        'MGET, p99',
        'What the actions are decided on, read from Redis',
        (t) => t.reads?.p99_us,
        (us) => (us < 1000 ? `${Math.round(us)} µs` : `${(us / 1000).toFixed(1)} ms`),
    ],
];

export class Totals {
    constructor() {
        this.values_ = TILES.map(() => element('dd', {}, '–'));
        document
            .getElementById('totals')
            .append(
                ...TILES.map(([label, title], i) =>
                    element('div', { title }, element('dt', {}, label), this.values_[i]),
                ),
            );
        this.lights_ = Object.fromEntries(
            ['Kafka', 'Job', 'Redis', 'Stream'].map((name) => [name, element('li', {}, name)]),
        );
        document.getElementById('health').append(...Object.values(this.lights_));
    }

    show(totals) {
        TILES.forEach(([, , pick, write], i) => {
            const value = pick(totals);
            this.values_[i].textContent = typeof value === 'number' ? write(value) : '–';
        });
        this.light_('Kafka', totals.kafka);
        this.light_('Job', totals.job);
        this.light_('Redis', totals.redis);
    }

    connected(up) {
        this.light_('Stream', up);
        if (!up) for (const name of ['Kafka', 'Job', 'Redis']) this.light_(name, null);
    }

    light_(name, up) {
        const light = this.lights_[name];
        light.className = up === true ? 'up' : up === false ? 'down' : '';
        light.title = up === true ? `${name}: up` : up === false ? `${name}: down` : `${name}: not known`;
        // The colour alone would say it to some only.
        light.textContent = up === false ? `${name} down` : name;
    }
}
