// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Debian's Chromium, headless, and what every test does with it.

import { chromium } from 'playwright-core';

export function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: [
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
        ],
    });
}

/// A fresh visitor. What a page complains about, a broken policy too, is gathered in `complaints`.
export async function visitor(browser, base, { width = 1280, height = 900, scheme = 'light' } = {}) {
    const context = await browser.newContext({
        baseURL: base,
        viewport: { width, height },
        colorScheme: scheme,
        reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    return { context, page, complaints, close: () => context.close() };
}

/// {domain_userid, session} from the tracker's cookie.
export async function identity(page) {
    const cookie = (await page.context().cookies()).find(({ name }) => name.startsWith('_sp_id.'));
    const parts = decodeURIComponent(cookie?.value ?? '').split('.');
    return { domain_userid: parts[0], session: parts[5] };
}

export async function open_product(page, id) {
    await page.goto(`/product/${id}`);
    await page.locator('#add-to-cart').waitFor();
}

export async function add_to_cart(page, id) {
    await open_product(page, id);
    await page.locator('#add-to-cart').click();
    await page.locator('.toast').waitFor();
}

export async function sign_in(page, name) {
    await page.goto('/sign-in');
    await page.getByLabel(name).check();
    await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL((url) => url.pathname !== '/sign-in');
}

/// From a cart with something in it to the confirmation; `before_paying` is done on the page of the payment.
export async function check_out(page, email, before_paying = () => {}) {
    await page.goto('/cart');
    await page.getByRole('link', { name: 'Check out' }).click();
    await page.locator('#name').fill('Ada Linden');
    await page.locator('#email').fill(email);
    await page.getByRole('button', { name: 'Go on to payment' }).click();
    await page.getByRole('button', { name: 'Pay now' }).waitFor();
    await before_paying();
    await page.getByRole('button', { name: 'Pay now' }).click();
    await page.locator('.confirmation').waitFor();
}
