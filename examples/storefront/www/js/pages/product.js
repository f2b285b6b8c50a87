// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { picture, product_section } from '../cards.js';
import { element, icon } from '../dom.js';
import { stepper } from '../stepper.js';
import { toast } from '../toast.js';
import { track_cart, track_product } from '../tracking.js';
import * as missing from './missing.js';

export function render(context, id) {
    const { catalogue, cart } = context;
    const product = catalogue.product(id);
    if (!product) return missing.render(context);
    const category = catalogue.category_of(product);
    let quantity = 1;

    const add = () => {
        const added = cart.add(product, quantity);
        if (added === 0) {
            toast('That is as many as we can send at once.');
            return;
        }
        track_cart(true, product, added, cart.sums().subtotal, catalogue.currency);
        toast(
            `${added === 1 ? '' : `${added} × `}${product.name} is in your cart.`,
            element('a', { href: '/cart' }, 'See cart'),
        );
    };

    const facts = element(
        'div',
        { class: 'facts' },
        element('div', {}, element('p', { class: 'brand' }, product.brand), element('h1', {}, product.name)),
        element('p', { class: 'price' }, catalogue.money(product.price)),
        element('p', {}, product.description),
        element(
            'dl',
            { class: 'spec' },
            product.variant && [element('dt', {}, 'Finish'), element('dd', {}, product.variant)],
            product.size && [element('dt', {}, 'Size'), element('dd', {}, product.size)],
        ),
        element(
            'div',
            { class: 'buy' },
            stepper('How many', quantity, (by) => (quantity = Math.min(10, Math.max(1, quantity + by)))),
            element(
                'button',
                { class: 'button', type: 'button', id: 'add-to-cart', on: { click: add } },
                'Add to cart',
            ),
        ),
        element(
            'p',
            { class: 'delivery-note' },
            icon('truck'),
            `Free delivery from ${catalogue.money(catalogue.free_shipping_from)}, sent within two days.`,
        ),
        product.details &&
            element(
                'ul',
                { class: 'details' },
                product.details.map((detail) => element('li', {}, detail)),
            ),
    );

    const others = catalogue
        .in_category(product.category)
        .filter((each) => each !== product)
        .slice(0, 4);
    return {
        title: product.name,
        nodes: [
            element(
                'nav',
                { class: 'crumbs', 'aria-label': 'Breadcrumb' },
                element(
                    'ol',
                    {},
                    element('li', {}, element('a', { href: '/' }, 'Home')),
                    category && element('li', {}, element('a', { href: `/category/${category.slug}` }, category.name)),
                    element('li', { 'aria-current': 'page' }, product.name),
                ),
            ),
            element(
                'article',
                { class: 'product' },
                element('div', { class: 'product-picture' }, picture(product, 600)),
                facts,
            ),
            // The list is a view of the category, and the events say so.
            product_section(product.category, others, catalogue, { heading: `More from ${product.category}` }),
        ],
        ready() {
            track_product(product, catalogue.currency);
        },
    };
}
