// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { fetch_json, post_json } from '../catalogue.js';
import { element } from '../dom.js';
import { set_signed_in, signed_in } from '../identity.js';
import { navigate } from '../router.js';
import { toast } from '../toast.js';

export async function render({ cart }) {
    const { users } = await fetch_json('/api/users');
    const failed = element('p', { class: 'error', role: 'alert' });
    const form = element(
        'form',
        {
            on: {
                async submit(event) {
                    event.preventDefault();
                    failed.textContent = '';
                    try {
                        const { user } = await post_json('/api/sign-in', { email: new FormData(form).get('email') });
                        set_signed_in(user);
                        await navigate(cart.empty ? '/' : '/cart');
                        toast(`Welcome back, ${user.name}.`);
                    } catch {
                        failed.textContent = 'That did not work. Please choose another name.';
                    }
                },
            },
        },
        element(
            'fieldset',
            {},
            element('legend', { class: 'visually-hidden' }, 'Who are you?'),
            element(
                'div',
                { class: 'choices' },
                users.map(({ email, name }, i) =>
                    element(
                        'label',
                        { class: 'choice' },
                        element('input', {
                            type: 'radio',
                            name: 'email',
                            value: email,
                            required: true,
                            checked: signed_in() ? signed_in().email === email : i === 0,
                        }),
                        element('span', { class: 'grow' }, name, element('small', {}, email)),
                    ),
                ),
            ),
        ),
        failed,
        element(
            'p',
            { class: 'hint' },
            'These people are made up, so there is no password. What you looked at and your cart stay yours.',
        ),
        element('p', { class: 'hint' }, element('button', { class: 'button', type: 'submit' }, 'Sign in')),
    );
    return {
        title: 'Sign in',
        nodes: [
            element(
                'div',
                { class: 'narrow' },
                element('h1', { class: 'page-title' }, 'Sign in'),
                element('p', { class: 'lead' }, 'Choose who you are today.'),
                element('br'),
                form,
            ),
        ],
    };
}
