// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { post_json } from '../catalogue.js';
import { element } from '../dom.js';
import { signed_in } from '../identity.js';
import { navigate } from '../router.js';
import { all_valid, field, steps } from '../steps.js';
import { read, write } from '../storage.js';
import { summary } from '../summary.js';
import { track_checkout, track_declined, track_order } from '../tracking.js';
import * as cart_page from './cart.js';

/// Step 2: a payment that only looks like one. The number is a test card's; the server looks at it and throws it away.
export function render(context) {
    const { catalogue, cart } = context;
    if (cart.empty) return cart_page.render(context);
    const delivery = read(sessionStorage, 'delivery', {});
    const number = field(
        'card',
        'Card number',
        {
            value: '4242 4242 4242 4242',
            inputMode: 'numeric',
            autocomplete: 'off',
            pattern: '[0-9 ]{12,23}',
            maxLength: 23,
            title: 'A card number has 12 to 19 digits.',
        },
        { wide: true, help: 'A test card. 4000 0000 0000 0002 is always declined.' },
    );
    const expires = field('expires', 'Good until', {
        value: '12/34',
        autocomplete: 'off',
        pattern: '[0-9]{2}/[0-9]{2}',
        maxLength: 5,
        title: 'Month and year, such as 12/34.',
    });
    const check = field('check', 'Security code', {
        value: '123',
        inputMode: 'numeric',
        autocomplete: 'off',
        pattern: '[0-9]{3,4}',
        maxLength: 4,
        title: 'Three or four digits.',
    });
    const fields = [number, expires, check];
    const failed = element('p', { class: 'error wide', role: 'alert' });
    const pay = element('button', { class: 'button', type: 'submit' }, 'Pay now');
    const form = element(
        'form',
        {
            class: 'form',
            noValidate: true,
            on: {
                async submit(event) {
                    event.preventDefault();
                    failed.textContent = '';
                    if (pay.disabled || !all_valid(fields)) return;
                    pay.disabled = true;
                    const lines = cart.lines;
                    try {
                        const { order } = await post_json('/api/orders', {
                            items: lines.map(({ product, quantity }) => ({ id: product.id, quantity })),
                            card: number.input.value,
                            ...(cart.code ? { code: cart.code.code } : {}),
                            ...(signed_in() ? { email: signed_in().email } : {}),
                        });
                        track_order(order, lines);
                        write(sessionStorage, 'order', { ...order, delivery });
                        cart.clear();
                        await navigate('/order', { replace: true });
                    } catch (error) {
                        pay.disabled = false;
                        if (error.code === 'card_declined') {
                            track_declined(
                                crypto.randomUUID?.() ?? String(Date.now()),
                                cart.sums().total,
                                catalogue.currency,
                                cart.count,
                            );
                            failed.textContent = 'The card was declined. Please try another one.';
                            number.input.focus();
                        } else if (error.code === 'unknown_code' || (error.status === 422 && cart.code)) {
                            cart.code = null;
                            failed.textContent =
                                'The discount code does not hold any more. Please look at the new total.';
                        } else {
                            failed.textContent =
                                'The payment did not go through. Nothing was charged; please try again.';
                        }
                    }
                },
            },
        },
        fields.map(({ node }) => node),
        failed,
        element('div', { class: 'wide' }, pay),
    );
    return {
        title: 'Payment',
        nodes: [
            element('h1', { class: 'page-title' }, 'Payment'),
            steps(2),
            element('div', { class: 'two-columns' }, form, summary(catalogue, cart)),
        ],
        ready() {
            track_checkout(2, {
                payment_method: 'card',
                delivery_method: delivery.method ?? 'standard',
                account_type: signed_in() ? 'existing' : 'guest',
                ...(cart.code ? { coupon_code: cart.code.code } : {}),
            });
        },
    };
}
