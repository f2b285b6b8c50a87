// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { product_grid } from '../cards.js';
import { element } from '../dom.js';
import { track_list, track_search } from '../tracking.js';

export function render({ catalogue }) {
    const query = (new URLSearchParams(location.search).get('q') ?? '').trim().slice(0, 200);
    const products = catalogue.search(query);
    const list = `Search results '${query}'`;
    const found = products.length === 0 ? 'Nothing' : products.length === 1 ? 'One thing' : `${products.length} things`;
    return {
        title: query ? `Results for “${query}”` : 'Search',
        nodes: [
            element('h1', { class: 'page-title' }, query ? `Results for “${query}”` : 'Search'),
            element(
                'p',
                { class: 'lead' },
                query
                    ? `${found} found.${products.length === 0 ? ' Try a shorter word, or the categories above.' : ''}`
                    : 'Type what you are looking for into the field above.',
            ),
            products.length > 0 &&
                element('div', { class: 'section-head' }, element('h2', { class: 'visually-hidden' }, 'Results')),
            products.length > 0 && product_grid(list, products, catalogue),
        ].filter(Boolean),
        ready() {
            if (!query) return;
            track_search(query, products.length);
            if (products.length === 0) track_list(list, [], catalogue.currency);
        },
    };
}
