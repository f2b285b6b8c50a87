// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Products as cards, and lists of them that are tracked once they are on the screen.

import { product_path } from './catalogue.js';
import { element } from './dom.js';
import { track_list, track_list_click, when_seen } from './tracking.js';

export function picture(product, size) {
    // The name stands beside the picture, so the picture itself is silent.
    return element('img', { src: product.picture, alt: '', width: size, height: size, decoding: 'async' });
}

function card(product, catalogue, clicked) {
    return element(
        'li',
        { class: 'card' },
        element('div', { class: 'frame' }, picture(product, 400)),
        element(
            'div',
            {},
            element('h3', {}, element('a', { href: product_path(product), on: { click: clicked } }, product.name)),
            element(
                'div',
                { class: 'line' },
                element('span', { class: 'brand' }, product.brand),
                element('span', { class: 'price' }, catalogue.money(product.price)),
            ),
        ),
    );
}

/// The list's grid. `name` is what the events call it.
export function product_grid(name, products, catalogue, style = 'grid') {
    const grid = element(
        'ul',
        { class: style },
        products.map((product, i) =>
            card(product, catalogue, () => track_list_click(name, product, i + 1, catalogue.currency)),
        ),
    );
    if (products.length > 0) when_seen(grid.firstChild, () => track_list(name, products, catalogue.currency));
    return grid;
}

export function product_section(name, products, catalogue, { heading = name, note = null } = {}) {
    return element(
        'section',
        { 'aria-label': heading },
        element(
            'div',
            { class: 'section-head' },
            element('h2', {}, heading),
            note && element('span', { class: 'note' }, note),
        ),
        product_grid(name, products, catalogue),
    );
}
