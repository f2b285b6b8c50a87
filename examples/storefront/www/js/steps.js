// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The two steps of the checkout, and the fields of its forms.

import { element } from './dom.js';

export function steps(current) {
    return element(
        'ol',
        { class: 'steps', 'aria-label': 'Steps' },
        ['Delivery', 'Payment'].map((name, i) =>
            element(
                'li',
                { 'aria-current': i + 1 === current ? 'step' : null },
                element('span', { class: 'number', 'aria-hidden': 'true' }, i + 1),
                name,
            ),
        ),
    );
}

/// A labelled input with its own line for what is wrong.
export function field(id, label, properties = {}, { wide = false, help = null } = {}) {
    const error = element('p', { class: 'error', id: `${id}-error` });
    const input = element('input', {
        id,
        name: id,
        type: 'text',
        required: true,
        ...properties,
        'aria-describedby': [help && `${id}-help`, `${id}-error`].filter(Boolean).join(' '),
    });
    const node = element(
        'div',
        { class: wide ? 'field wide' : 'field' },
        element('label', { htmlFor: id }, label),
        input,
        help && element('p', { class: 'help', id: `${id}-help` }, help),
        error,
    );
    return {
        node,
        input,
        complain(text) {
            error.textContent = text;
            if (text) input.setAttribute('aria-invalid', 'true');
            else input.removeAttribute('aria-invalid');
        },
    };
}

/// Says at each field what is wrong and goes to the first; true where nothing is.
export function all_valid(fields) {
    let first = null;
    for (const each of fields) {
        const bad = !each.input.checkValidity();
        each.complain(
            !bad
                ? ''
                : each.input.validity.valueMissing
                  ? 'Please fill this in.'
                  : each.input.title || 'Please check this.',
        );
        if (bad) first ??= each.input;
    }
    first?.focus();
    return first === null;
}
