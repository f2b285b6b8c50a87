// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What an order costs, beside cart and checkout.

import { fetch_json } from './catalogue.js';
import { announce, element } from './dom.js';

export function sums_list(sums, catalogue, code) {
    const row = (name, value, extra = '') => [
        element('dt', { class: extra }, name),
        element('dd', { class: extra }, value),
    ];
    return element(
        'dl',
        { class: 'sums' },
        row('Subtotal', catalogue.money(sums.subtotal)),
        sums.discount > 0 && row(code ? `Discount (${code})` : 'Discount', `−${catalogue.money(sums.discount)}`),
        row('Delivery', sums.shipping === 0 ? 'Free' : catalogue.money(sums.shipping)),
        row('Total', catalogue.money(sums.total), 'total'),
    );
}

function code_form(cart) {
    const input = element('input', {
        id: 'code',
        name: 'code',
        autocomplete: 'off',
        maxLength: 40,
        'aria-describedby': 'code-error',
    });
    const error = element('p', { class: 'error', id: 'code-error', role: 'alert' });
    return [
        element(
            'form',
            {
                class: 'code-form',
                on: {
                    async submit(event) {
                        event.preventDefault();
                        error.textContent = '';
                        input.removeAttribute('aria-invalid');
                        const code = input.value.trim();
                        if (!code) return;
                        try {
                            const { percent, code: known } = await fetch_json(
                                `/api/discount?code=${encodeURIComponent(code)}`,
                            );
                            cart.code = { code: known, percent };
                            announce(`Code ${known} takes ${percent} percent off.`);
                        } catch {
                            input.setAttribute('aria-invalid', 'true');
                            error.textContent = 'This code is not known.';
                            input.focus();
                        }
                    },
                },
            },
            element('div', { class: 'field' }, element('label', { htmlFor: 'code' }, 'Discount code'), input),
            element('button', { class: 'button quiet', type: 'submit' }, 'Apply'),
        ),
        error,
    ];
}

/// A panel that follows the cart while it is on the page; `foot` are nodes below the sums.
export function summary(catalogue, cart, ...foot) {
    const panel = element('section', { class: 'panel', 'aria-labelledby': 'summary-title' });
    const show = () => {
        if (panel.parentNode === null && panel.dataset.shown) {
            document.removeEventListener('cart', show);
            return;
        }
        panel.dataset.shown = 'yes';
        panel.replaceChildren(
            element('h2', { id: 'summary-title' }, 'Summary'),
            sums_list(cart.sums(), catalogue, cart.code?.code),
            ...foot,
            ...(cart.code
                ? [
                      element(
                          'button',
                          {
                              class: 'link-button hint',
                              type: 'button',
                              on: {
                                  click: () => {
                                      cart.code = null;
                                  },
                              },
                          },
                          `Remove code ${cart.code.code}`,
                      ),
                  ]
                : code_form(cart)),
        );
    };
    document.addEventListener('cart', show);
    show();
    return panel;
}
