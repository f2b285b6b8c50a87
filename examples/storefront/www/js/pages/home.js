// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { picture, product_section } from '../cards.js';
import { element } from '../dom.js';
import { track_promotion, track_promotion_click, when_seen } from '../tracking.js';

export function render({ catalogue }) {
    const promotion = catalogue.promotion;
    const hero = element(
        'section',
        { class: 'hero', 'aria-labelledby': 'hero-title' },
        element(
            'div',
            { class: 'words' },
            element('h1', { id: 'hero-title' }, promotion.title),
            element('p', {}, promotion.text),
            element(
                'a',
                { class: 'button', href: promotion.url, on: { click: () => track_promotion_click(promotion) } },
                promotion.action,
            ),
        ),
        element(
            'div',
            { class: 'pictures' },
            catalogue.these(promotion.product_ids).map((product) => picture(product, 400)),
        ),
    );
    const categories = element(
        'nav',
        { 'aria-label': 'Shop by category' },
        element(
            'ul',
            { class: 'category-links' },
            catalogue.categories.map(({ slug, name }) =>
                element(
                    'li',
                    {},
                    element('a', { href: `/category/${slug}` }, picture(catalogue.in_category(name)[0], 56), name),
                ),
            ),
        ),
    );
    return {
        title: 'Alderwick',
        nodes: [
            hero,
            categories,
            ...catalogue.lists.map((list) => product_section(list.name, catalogue.these(list.product_ids), catalogue)),
        ],
        ready() {
            when_seen(hero, () => track_promotion(promotion));
        },
    };
}
