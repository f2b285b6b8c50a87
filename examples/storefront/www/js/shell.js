// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Header and footer, the same on every page.

import { element, icon } from './dom.js';
import { signed_in } from './identity.js';
import { navigate } from './router.js';

const framed = window.top !== window;

export function build_shell(catalogue, cart, sign_out) {
    const input = element('input', {
        type: 'search',
        name: 'q',
        placeholder: 'Search',
        'aria-label': 'Search the shop',
        autocomplete: 'off',
    });
    const search = element(
        'form',
        {
            class: 'search-form',
            action: '/search',
            role: 'search',
            on: {
                submit(event) {
                    event.preventDefault();
                    const query = input.value.trim();
                    if (query) navigate(`/search?q=${encodeURIComponent(query)}`);
                },
            },
        },
        icon('search'),
        input,
    );

    const links = catalogue.categories.map(({ slug, name }) => element('a', { href: `/category/${slug}` }, name));
    const account = element('span', { class: 'tools' });
    const count = element('span', { class: 'cart-count', 'aria-hidden': 'true' });
    const words = element('span', { class: 'visually-hidden' });
    const to_cart = element(
        'a',
        { class: 'tool', href: '/cart' },
        icon('cart'),
        element('span', { class: 'label', 'aria-hidden': 'true' }, 'Cart'),
        count,
        words,
    );

    document.getElementById('header').replaceChildren(
        element(
            'div',
            { class: 'bar' },
            element(
                'a',
                { class: 'wordmark', href: '/', 'aria-label': 'Alderwick, home' },
                'alderwick',
                element('span', { class: 'dot' }, '.'),
            ),
            element(
                'nav',
                { 'aria-label': 'Categories' },
                element(
                    'ul',
                    { class: 'list' },
                    links.map((link) => element('li', {}, link)),
                ),
            ),
            search,
            element('div', { class: 'tools' }, account, to_cart),
        ),
    );

    document
        .getElementById('footer')
        .replaceChildren(
            element(
                'div',
                { class: 'bar' },
                element('p', {}, 'Alderwick is made up, and so is all it sells. No card is charged.'),
                framed
                    ? null
                    : element('p', {}, element('a', { href: '/live' }, 'See this shop’s events and features live')),
            ),
        );

    const show_cart = () => {
        count.textContent = cart.count;
        words.textContent = `Cart, ${cart.count} ${cart.count === 1 ? 'item' : 'items'}`;
    };
    const show_account = () => {
        const user = signed_in();
        account.replaceChildren(
            ...(user
                ? [
                      element(
                          'span',
                          { class: 'account', title: user.email },
                          element('span', { class: 'visually-hidden' }, 'Signed in as '),
                          user.name.split(' ')[0],
                      ),
                      element(
                          'button',
                          { class: 'tool', type: 'button', on: { click: sign_out } },
                          icon('person'),
                          element('span', { class: 'label' }, 'Sign out'),
                      ),
                  ]
                : [
                      element(
                          'a',
                          { class: 'tool', href: '/sign-in' },
                          icon('person'),
                          element('span', { class: 'label' }, 'Sign in'),
                      ),
                  ]),
        );
    };
    const show_place = () => {
        for (const link of links) {
            if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page');
            else link.removeAttribute('aria-current');
        }
        input.value = location.pathname === '/search' ? (new URLSearchParams(location.search).get('q') ?? '') : '';
    };
    document.addEventListener('cart', show_cart);
    document.addEventListener('identity', show_account);
    document.addEventListener('navigated', show_place);
    show_cart();
    show_account();
    show_place();
}
