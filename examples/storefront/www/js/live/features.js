// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Every feature of one shopper, as Redis holds it: a table a lane, a column a window. Values change in place.

import { element, svg } from '../dom.js';
import { clock, milliseconds } from './text.js';

const LANES = {
    product: 'what is looked at',
    category: 'where',
    cart: 'what goes in and out',
    purchase: 'what is bought',
    checkout: 'how far the checkout is',
    session: 'this visit',
};
const POINTS = 60;

export class Features {
    constructor(name_of) {
        this.name_of_ = name_of;
        this.place_ = document.getElementById('lanes');
        this.cells_ = new Map();
        setInterval(() => this.tick_(), 1000);
    }

    clear() {
        this.cells_.clear();
        this.place_.replaceChildren(
            element('p', { class: 'none' }, 'Nobody is followed yet. Click in the shop, or choose a shopper above.'),
        );
    }

    /// All there can be, in order; those that are not there have no value.
    show({ features }) {
        const before = this.cells_;
        this.cells_ = new Map();
        const lanes = new Map();
        for (const each of features) {
            if (!lanes.has(each.lane)) lanes.set(each.lane, { windows: new Set(), rows: new Map() });
            const lane = lanes.get(each.lane);
            lane.windows.add(each.window);
            if (!lane.rows.has(each.feature)) lane.rows.set(each.feature, new Map());
            const cell = new Cell(each.feature, this.name_of_);
            cell.history = before.get(each.key)?.history ?? [];
            cell.set(each.value, each.ttl);
            lane.rows.get(each.feature).set(each.window, cell);
            this.cells_.set(each.key, cell);
        }
        this.place_.replaceChildren(...[...lanes].map(([name, lane]) => table(name, lane)));
    }

    change({ changes }) {
        for (const { key, value, ttl } of changes) {
            const cell = this.cells_.get(key);
            if (!cell) continue;
            cell.set(value, ttl);
            cell.flash();
        }
    }

    ttls({ ttls }) {
        for (const [key, cell] of this.cells_) cell.lives(ttls[key] ?? null);
        this.tick_();
    }

    tick_() {
        const now = performance.now();
        for (const cell of this.cells_.values()) cell.tick(now);
    }
}

function table(name, { windows, rows }) {
    const columns = [...windows];
    return element(
        'table',
        { class: 'lane' },
        element('caption', {}, name[0].toUpperCase() + name.slice(1), ' ', element('span', {}, LANES[name] ?? '')),
        element(
            'thead',
            {},
            element(
                'tr',
                {},
                element('th', { scope: 'col' }, element('span', { class: 'visually-hidden' }, 'Feature')),
                columns.map((window) => element('th', { scope: 'col' }, window || 'value')),
            ),
        ),
        element(
            'tbody',
            {},
            [...rows].map(([feature, cells]) =>
                element(
                    'tr',
                    {},
                    element('th', { scope: 'row' }, feature.replace(/^(session|shopper)_/, '').replaceAll('_', ' ')),
                    columns.map((window) => cells.get(window)?.node ?? element('td')),
                ),
            ),
        ),
    );
}

class Cell {
    constructor(feature, name_of) {
        this.feature_ = feature;
        this.name_of_ = name_of;
        this.history = [];
        this.expires_ = null;
        this.value_ = element('span', { class: 'value' });
        this.ttl_ = element('span', { class: 'ttl' });
        this.line_ = svg('polyline', {});
        this.spark_ = svg('svg', { class: 'spark', viewBox: '0 0 34 14', 'aria-hidden': 'true' }, this.line_);
        this.node = element('td', {}, element('div', { class: 'cell' }, this.value_, this.spark_, this.ttl_));
    }

    set(value, ttl) {
        const absent = value === null || value === undefined;
        this.node.classList.toggle('absent', absent);
        this.node.title = absent ? 'Not in Redis' : value;
        this.value_.replaceChildren(...(absent ? ['–'] : this.written_(value)));
        this.lives(ttl);
        const measured = absent || value === '' ? NaN : Number(value);
        if (Number.isFinite(measured) && this.history.at(-1) !== measured) this.history.push(measured);
        if (this.history.length > POINTS) this.history.shift();
        this.draw_();
    }

    /// Maps and lists are unfolded; everything else is as Redis has it, only shorter.
    written_(value) {
        if (value === '') return [element('span', { class: 'ttl' }, 'empty')];
        if (this.feature_ === 'session_duration' && /^\d+$/.test(value)) return [milliseconds(Number(value))];
        if (/^-?\d+\.\d{5,}$/.test(value)) return [Number(value).toFixed(4)];
        if (/^[{[]/.test(value)) {
            try {
                return [unfolded(JSON.parse(value), this.name_of_)];
            } catch {
                /* text that only looks like it */
            }
        }
        return [value];
    }

    draw_() {
        const points = this.history;
        this.spark_.toggleAttribute('hidden', points.length < 2);
        if (points.length < 2) return;
        const low = Math.min(...points);
        const span = Math.max(...points) - low || 1;
        const x = (i) => ((i * 34) / (points.length - 1)).toFixed(1);
        const y = (point) => (13 - ((point - low) / span) * 12).toFixed(1);
        this.line_.setAttribute('points', points.map((point, i) => `${x(i)},${y(point)}`).join(' '));
    }

    lives(ttl) {
        this.expires_ = typeof ttl === 'number' ? performance.now() + ttl : null;
    }

    tick(now) {
        const text = this.expires_ === null ? '' : clock(this.expires_ - now);
        if (this.ttl_.textContent !== text) {
            this.ttl_.textContent = text;
            this.ttl_.title = text && 'Time until it expires in Redis';
        }
    }

    flash() {
        clearTimeout(this.timer_);
        this.node.classList.remove('changed');
        // Read, so that the browser starts the highlight anew.
        void this.node.offsetWidth;
        this.node.classList.add('changed');
        this.timer_ = setTimeout(() => this.node.classList.remove('changed'), 1100);
    }
}

function unfolded(value, name_of) {
    const most = 4;
    const all = Array.isArray(value)
        ? value.map(String)
        : Object.entries(value)
              .sort((a, b) => b[1] - a[1])
              .map(([id, count]) => `${count} × ${name_of(id)}`);
    if (all.length === 0) return element('span', { class: 'ttl' }, 'none');
    return element(
        'span',
        { class: 'chips' },
        all.slice(0, most).map((text) => element('span', {}, text)),
        all.length > most && element('span', { class: 'ttl' }, `and ${all.length - most} more`),
    );
}
