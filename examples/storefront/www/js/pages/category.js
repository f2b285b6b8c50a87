// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { product_grid } from '../cards.js';
import { element } from '../dom.js';
import * as missing from './missing.js';

export function render(context, slug) {
    const { catalogue } = context;
    const category = catalogue.category(slug);
    if (!category) return missing.render(context);
    const products = catalogue.in_category(category.name);
    return {
        title: category.name,
        nodes: [
            element('h1', { class: 'page-title' }, category.name),
            element('p', { class: 'lead' }, category.tagline),
            element(
                'div',
                { class: 'section-head' },
                element('h2', { class: 'visually-hidden' }, `All in ${category.name}`),
                element('span', { class: 'note' }, `${products.length} things`),
            ),
            product_grid(category.name, products, catalogue, 'grid roomy'),
        ],
    };
}
