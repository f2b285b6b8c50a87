// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Takes the pictures of docs/images: the shop and the live page, with simulated shoppers about.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { argv } from 'node:process';
import { add_to_cart, launch, open_product, visitor } from './browser.mjs';
import { sleep, start_servers } from './servers.mjs';

const folder = argv[2];
await mkdir(folder, { recursive: true });
const servers = await start_servers({ shoppers: 200, rate: 20 });
const browser = await launch();
const desktop = { width: 1440, height: 1040 };
const phone = { width: 390, height: 844 };

async function picture(name, size, scheme, scene) {
    const { page, close } = await visitor(browser, servers.base, { ...size, scheme });
    await scene(page);
    await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode().catch(() => {}))));
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await close();
    console.log(join(folder, `${name}.png`));
}

async function home(page) {
    await page.goto('/');
    await page.locator('.card').first().waitFor();
    await sleep(500);
}

/// A shopper who looked at four things, put two into the cart and hesitates until the chat opens.
async function live(page) {
    await page.goto('/live');
    const shop = page.frameLocator('#frame');
    await shop.locator('.card').first().waitFor();
    for (const name of ['Kiln mug', 'Heath throw', 'Cep table lamp', 'Loch lounge chair']) {
        await shop.getByRole('link', { name, exact: true }).click();
        await shop.locator('#add-to-cart').waitFor();
        await sleep(900);
        if (name === 'Cep table lamp' || name === 'Loch lounge chair') await shop.locator('#add-to-cart').click();
        if (name === 'Loch lounge chair') break;
        await sleep(600);
        await shop.locator('.wordmark').click();
        await shop.locator('.hero').waitFor();
    }
    await shop.locator('.offer.chat').waitFor({ timeout: 60000 });
    if (page.viewportSize().width < 500) {
        await shop.getByRole('button', { name: /^Close: Ask us/ }).click();
    }
    // One more change, so that the highlight is in the picture.
    await shop.locator('.wordmark').click();
    const lamp = shop.getByRole('link', { name: 'Cep table lamp', exact: true });
    await lamp.scrollIntoViewIfNeeded();
    await sleep(800);
    await lamp.click();
    await page.locator('.changed', { hasText: '2 × Cep table lamp' }).first().waitFor();
    await page.locator('.runs li:nth-child(-n + 3)', { hasText: 'product view' }).first().waitFor();
}

try {
    await picture('shop-desktop', { width: 1280, height: 800 }, 'light', home);
    await picture('shop-phone', phone, 'light', home);
    await picture('shop-phone-dark', phone, 'dark', async (page) => {
        await open_product(page, 'wren-teapot');
        await sleep(500);
    });
    await picture('offer-desktop', { width: 1280, height: 800 }, 'light', async (page) => {
        await add_to_cart(page, 'loch-lounge-chair');
        await page.locator('.offer.chat').waitFor({ timeout: 60000 });
        await page.locator('.offer.chat summary').click();
    });
    await picture('live-desktop', desktop, 'light', live);
    await picture('live-desktop-dark', desktop, 'dark', live);
    await picture('live-phone', phone, 'light', async (page) => {
        await live(page);
        await page.locator('.jump a', { hasText: 'Features' }).click();
        await sleep(100);
    });
} finally {
    await browser.close();
    await servers.stop();
}
