// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Short forms of numbers, times and names.

export const milliseconds = (ms) =>
    ms < 1000 ? `${Math.round(ms)} ms` : ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : clock(ms);

/// 75000 -> 1:15, 3675000 -> 1h 01m, 90000000 -> 25h
export function clock(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
    const hours = Math.floor(minutes / 60);
    return hours >= 10 ? `${hours}h` : `${hours}h ${String(minutes % 60).padStart(2, '0')}m`;
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

export const number = (value) => (Math.abs(value) >= 100000 ? compact : plain).format(value);

export function bytes(value) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let unit = 0;
    let size = value;
    while (size >= 1000 && unit < units.length - 1) {
        size /= 1000;
        unit += 1;
    }
    return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/// A visitor's number is long and says nothing: its first part does. Names and addresses stay.
export const short_user = (user) =>
    /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(user ?? '') ? `visitor ${user.slice(0, 8)}` : (user ?? 'nobody');

export const words = (type) => String(type ?? 'other').replaceAll('_', ' ');

export const same_shopper = (event, who) =>
    Boolean(
        who &&
        event &&
        (event.user === who.user ||
            (event.domain_userid && event.domain_userid === who.domain_userid) ||
            (event.session && event.session === who.session)),
    );
