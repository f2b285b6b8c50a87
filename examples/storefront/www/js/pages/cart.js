// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { picture } from '../cards.js';
import { cents, product_path } from '../catalogue.js';
import { announce, element } from '../dom.js';
import { stepper } from '../stepper.js';
import { summary } from '../summary.js';
import { track_cart } from '../tracking.js';

export function render({ catalogue, cart }) {
    const heading = element('h1', { class: 'page-title', tabIndex: -1 }, 'Your cart');
    const place = element('div');

    const change = (product, by) => {
        const moved = by > 0 ? cart.add(product, by) : cart.remove(product, -by);
        if (moved > 0) track_cart(by > 0, product, moved, cart.sums().subtotal, catalogue.currency);
        return moved;
    };

    const line = ({ product, quantity }) => {
        const cost = element('span', { class: 'price' });
        const show = (count) => {
            cost.textContent = catalogue.money((cents(product.price) * count) / 100);
        };
        const item = element('li', { class: 'line-item' });
        let count = quantity;
        const leave = () => {
            const next = item.nextElementSibling ?? item.previousElementSibling;
            change(product, -count);
            announce(`${product.name} is out of your cart.`);
            if (cart.empty) {
                fill();
                heading.focus();
            } else {
                item.remove();
                next?.querySelector('.remove')?.focus();
            }
        };
        item.append(
            picture(product, 104),
            element(
                'div',
                {},
                element('h2', {}, element('a', { href: product_path(product) }, product.name)),
                element('p', { class: 'brand' }, [product.variant, product.size].filter(Boolean).join(', ')),
            ),
            cost,
            element(
                'div',
                { class: 'controls' },
                stepper(`How many ${product.name}`, quantity, (by) => {
                    if (count + by >= 1 && change(product, by) > 0) count += by;
                    show(count);
                    return count;
                }),
                element(
                    'button',
                    {
                        class: 'link-button remove',
                        type: 'button',
                        'aria-label': `Remove ${product.name}`,
                        on: { click: leave },
                    },
                    'Remove',
                ),
            ),
        );
        show(quantity);
        return item;
    };

    const fill = () => {
        place.replaceChildren(
            cart.empty
                ? element(
                      'div',
                      { class: 'empty' },
                      element('p', {}, 'There is nothing in it yet.'),
                      element('a', { class: 'button', href: '/' }, 'Look around'),
                  )
                : element(
                      'div',
                      { class: 'two-columns' },
                      element('ul', { class: 'line-items' }, cart.lines.map(line)),
                      summary(catalogue, cart, element('a', { class: 'button', href: '/checkout' }, 'Check out')),
                  ),
        );
    };
    fill();
    return { title: 'Your cart', nodes: [heading, place] };
}
