// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Starts the shop on whichever page was opened.

import { Cart } from './cart.js';
import { load_catalogue, post_json } from './catalogue.js';
import { announce, element } from './dom.js';
import { set_signed_in } from './identity.js';
import { start_offers } from './offers.js';
import * as cart_page from './pages/cart.js';
import * as category_page from './pages/category.js';
import * as checkout_page from './pages/checkout.js';
import * as home_page from './pages/home.js';
import * as missing_page from './pages/missing.js';
import * as order_page from './pages/order.js';
import * as payment_page from './pages/payment.js';
import * as product_page from './pages/product.js';
import * as search_page from './pages/search.js';
import * as sign_in_page from './pages/sign_in.js';
import { navigate, start_router } from './router.js';
import { build_shell } from './shell.js';
import { start_tracking, track_identity } from './tracking.js';

const pages = [
    [/^\/(?:index\.html)?$/, home_page],
    [/^\/category\/([^/]+)$/, category_page],
    [/^\/product\/([^/]+)$/, product_page],
    [/^\/search$/, search_page],
    [/^\/cart$/, cart_page],
    [/^\/sign-in$/, sign_in_page],
    [/^\/checkout$/, checkout_page],
    [/^\/payment$/, payment_page],
    [/^\/order$/, order_page],
    [/^\/404$/, missing_page],
];

async function sign_out() {
    await post_json('/api/sign-out', {}).catch(() => {});
    set_signed_in(null);
    announce('You are signed out.');
    await navigate('/');
}

start_tracking();
// Before anything listens to it, so that the tracker knows the name when others act on it.
document.addEventListener('identity', track_identity);
try {
    const catalogue = await load_catalogue();
    const cart = new Cart(catalogue);
    build_shell(catalogue, cart, sign_out);
    await start_router(pages, { catalogue, cart });
    start_offers(catalogue, cart);
} catch (error) {
    document
        .getElementById('main')
        .replaceChildren(
            element(
                'div',
                { class: 'empty', role: 'alert' },
                element('h1', {}, 'The shop cannot be reached'),
                element('p', { class: 'lead' }, 'Please try again in a moment.'),
            ),
        );
    console.error(error);
}
