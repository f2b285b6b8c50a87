// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { picture } from '../cards.js';
import { cents } from '../catalogue.js';
import { element, icon } from '../dom.js';
import { read } from '../storage.js';
import { sums_list } from '../summary.js';

export function render({ catalogue }) {
    const order = read(sessionStorage, 'order', null);
    if (!order) {
        return {
            title: 'Your order',
            nodes: [
                element('h1', { class: 'page-title' }, 'Your order'),
                element(
                    'div',
                    { class: 'empty' },
                    element('p', {}, 'You have not ordered anything in this tab yet.'),
                    element('a', { class: 'button', href: '/' }, 'Look around'),
                ),
            ],
        };
    }
    const name = order.delivery?.name;
    return {
        title: 'Thank you',
        nodes: [
            element(
                'div',
                { class: 'confirmation' },
                element('span', { class: 'tick' }, icon('check')),
                element(
                    'div',
                    {},
                    element('h1', { class: 'page-title' }, name ? `Thank you, ${name.split(' ')[0]}` : 'Thank you'),
                    element('p', { class: 'lead' }, `Order ${order.id.split('-')[0]} is on its way to being packed.`),
                ),
            ),
            element(
                'div',
                { class: 'two-columns' },
                element(
                    'ul',
                    { class: 'line-items' },
                    order.items.map((item) => {
                        const product = catalogue.product(item.id);
                        return element(
                            'li',
                            { class: 'line-item' },
                            product ? picture(product, 104) : element('span'),
                            element(
                                'div',
                                {},
                                element('h2', {}, item.name),
                                element('p', { class: 'brand' }, `${item.quantity} × ${catalogue.money(item.price)}`),
                            ),
                            element(
                                'span',
                                { class: 'price' },
                                catalogue.money((cents(item.price) * item.quantity) / 100),
                            ),
                        );
                    }),
                ),
                element(
                    'section',
                    { class: 'panel', 'aria-labelledby': 'paid' },
                    element('h2', { id: 'paid' }, 'Paid'),
                    sums_list(order, catalogue, order.code),
                    element('a', { class: 'button quiet', href: '/' }, 'Go on looking'),
                ),
            ),
        ],
    };
}
