// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { element } from '../dom.js';
import { signed_in } from '../identity.js';
import { navigate } from '../router.js';
import { all_valid, field, steps } from '../steps.js';
import { read, write } from '../storage.js';
import { summary } from '../summary.js';
import { track_checkout } from '../tracking.js';
import * as cart_page from './cart.js';

/// Step 1: where the order goes. What is typed here stays in this tab and is never sent.
export function render(context) {
    const { catalogue, cart } = context;
    if (cart.empty) return cart_page.render(context);
    const user = signed_in();
    const kept = read(sessionStorage, 'delivery', {});
    const name = field('name', 'Name', { value: kept.name ?? user?.name ?? '', autocomplete: 'name' }, { wide: true });
    const email = field(
        'email',
        'E-mail',
        {
            type: 'email',
            value: kept.email ?? user?.email ?? '',
            autocomplete: 'email',
            title: 'An e-mail address looks like ada@example.com.',
        },
        { wide: true },
    );
    const street = field(
        'street',
        'Street and number',
        { value: kept.street ?? '12 Mill Lane', autocomplete: 'street-address' },
        { wide: true },
    );
    const postcode = field('postcode', 'Postcode', { value: kept.postcode ?? 'AW1 2CD', autocomplete: 'postal-code' });
    const city = field('city', 'Town', { value: kept.city ?? 'Alderwick', autocomplete: 'address-level2' });
    const fields = [name, email, street, postcode, city];
    const methods = [
        ['standard', 'Standard', 'Three to five days'],
        ['pick_up', 'Pick up', 'At the shop, from tomorrow'],
    ];
    const form = element(
        'form',
        {
            noValidate: true,
            on: {
                submit(event) {
                    event.preventDefault();
                    if (!all_valid(fields)) return;
                    const values = Object.fromEntries(fields.map(({ input }) => [input.id, input.value.trim()]));
                    write(sessionStorage, 'delivery', { ...values, method: new FormData(form).get('method') });
                    navigate('/payment');
                },
            },
        },
        element(
            'div',
            { class: 'form' },
            fields.map(({ node }) => node),
            element(
                'fieldset',
                { class: 'field wide' },
                element('legend', { class: 'label' }, 'How'),
                element(
                    'div',
                    { class: 'choices' },
                    methods.map(([value, label, note]) =>
                        element(
                            'label',
                            { class: 'choice' },
                            element('input', {
                                type: 'radio',
                                name: 'method',
                                value,
                                checked: value === (kept.method ?? 'standard'),
                            }),
                            element('span', { class: 'grow' }, label, element('small', {}, note)),
                        ),
                    ),
                ),
            ),
            element(
                'div',
                { class: 'wide' },
                element('button', { class: 'button', type: 'submit' }, 'Go on to payment'),
            ),
        ),
    );
    return {
        title: 'Delivery',
        nodes: [
            element('h1', { class: 'page-title' }, 'Delivery'),
            steps(1),
            element('div', { class: 'two-columns' }, form, summary(catalogue, cart)),
        ],
        ready() {
            track_checkout(1, { account_type: user ? 'existing' : 'guest' });
        },
    };
}
