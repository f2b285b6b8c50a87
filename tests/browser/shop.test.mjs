// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { add_to_cart, check_out, identity, launch, open_product, sign_in, visitor } from './browser.mjs';
import { eventually, sleep, start_servers } from './servers.mjs';

let servers;
let browser;

before(async () => {
    servers = await start_servers();
    browser = await launch();
});

after(async () => {
    await browser?.close();
    await servers?.stop();
});

const ADA = 'ada.linden@example.com';
const holds = (key, value, within) =>
    eventually(
        `${key} is ${value}`,
        async () => {
            const found = await servers.redis.get(key);
            if (found !== value) throw new Error(String(found));
            return true;
        },
        within,
    );

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/// The events that the page's tracker sends from now on: {type, user_id, entities by their schema's name}.
function tracked(page) {
    const events = [];
    page.on('request', (request) => {
        if (!request.url().endsWith('/tp2')) return;
        for (const event of request.postDataJSON().data) {
            const action = event.ue_pr && JSON.parse(event.ue_pr).data;
            events.push({
                type: event.e === 'pv' ? 'page_view' : (action?.data.type ?? action?.schema.split('/')[1] ?? event.e),
                user_id: event.uid,
                entities: Object.fromEntries(
                    JSON.parse(event.co).data.map(({ schema, data }) => [schema.split('/')[1], data]),
                ),
            });
        }
    });
    return events;
}

test('a visit goes from view to order, and sign-in keeps the history', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base);
    const sent = tracked(page);
    await page.goto('/');
    await page.getByRole('link', { name: 'See the lamps' }).click();
    await page.getByRole('heading', { level: 1, name: 'Lighting' }).waitFor();
    await page.getByRole('link', { name: 'Cep table lamp' }).click();
    await page.locator('#add-to-cart').waitFor();
    const { domain_userid, session } = await identity(page);
    const anonymous = `user:${domain_userid}`;
    await holds(`${anonymous}:avg_viewed_price_5m`, '89');
    await holds(`${anonymous}:top_category_5m`, 'Lighting');

    await page.locator('#add-to-cart').click();
    await holds(`${anonymous}:cart_value_1h`, '89');
    await add_to_cart(page, 'kiln-mug');
    await add_to_cart(page, 'kiln-mug');
    // 89 + 2 x 18.5
    await holds(`${anonymous}:cart_value_1h`, '126');
    await page.goto('/cart');
    await page.getByRole('button', { name: 'Remove Cep table lamp' }).click();
    await holds(`${anonymous}:cart_value_1h`, '37');
    await holds(`${anonymous}:cart_remove_count_5m`, '1');
    assert.equal(await page.locator('.line-item').count(), 1);

    await sign_in(page, 'Ada Linden');
    const known = `user:${ADA}`;
    await holds(`${known}:cart_value_1h`, '37');
    await holds(`${known}:cart_add_count_1h`, '3');
    await eventually(
        'nothing is left under the visitor’s number',
        async () => (await servers.redis.ask('KEYS', `${anonymous}:*`)).length === 0,
    );

    // Step 2 is an order worth the cart, until the transaction tells its revenue.
    await check_out(page, ADA, () => holds(`${known}:order_value_24h`, '37'));
    await holds(`${known}:orders_count_24h`, '1');
    // 37 and 4.95 for delivery
    await holds(`${known}:order_value_24h`, '41.95');
    await holds(`${known}:checkout_step_count_1h`, '2');
    await holds(`session:${session}:session_bounce`, 'false');
    assert.ok(Number(await servers.redis.get(`session:${session}:session_page_count`)) >= 8);
    await page.goto('/cart');
    assert.match(await page.locator('main').innerText(), /nothing in it yet/);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await eventually('the page view after sign-out is sent', () => sent.at(-1).user_id === undefined);

    // What an instrumented shop sends, each event with its page and its session.
    const types = [
        'page_view',
        'promo_view',
        'promo_click',
        'list_view',
        'list_click',
        'product_view',
        'add_to_cart',
        'remove_from_cart',
        'checkout_step',
        'transaction',
    ];
    for (const type of types) {
        assert.ok(
            sent.some((event) => event.type === type),
            `${type} is sent`,
        );
    }
    for (const event of sent) assert.ok(event.entities.web_page && event.entities.client_session, event.type);
    const totals = sent.filter(({ entities }) => entities.cart).map(({ entities }) => entities.cart.total_value);
    assert.deepEqual(totals, [89, 107.5, 126, 37], 'the total is that after the event');
    const steps = sent.filter(({ type }) => type === 'checkout_step');
    assert.deepEqual(
        steps.map(({ entities }) => entities.checkout_step.step),
        [1, 2],
    );
    for (const step of steps) assert.equal(step.user_id, ADA);
    assert.deepEqual(complaints, []);
    await close();
});

test('a search counts, and its list is a list view', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base);
    const sent = tracked(page);
    await page.goto('/');
    await page.getByRole('searchbox', { name: 'Search the shop' }).fill('lamp');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Results for “lamp”' }).waitFor();
    assert.ok((await page.locator('.card').count()) >= 3);
    const { domain_userid, session } = await identity(page);
    await holds(`session:${session}:session_search_count`, '1');
    await holds(`user:${domain_userid}:top_category_5m`, "Search results 'lamp'");
    assert.ok(sent.some(({ type }) => type === 'site_search'));
    assert.deepEqual(complaints, []);
    await close();
});

test('a valuable cart that stalls is offered a chat, with the reason', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base);
    await add_to_cart(page, 'loch-lounge-chair');
    const chat = page.locator('.offer.chat');
    await chat.waitFor({ timeout: 45000 });
    assert.equal(
        await page.evaluate(() => document.activeElement.closest('.offer')),
        null,
        'it does not take the focus',
    );
    await chat.getByText('Why do I see this?').click();
    const why = await chat.locator('table').innerText();
    assert.match(why, /cart_value_1h at least 150/);
    assert.match(why, /549/);
    await chat.getByRole('textbox', { name: 'Your message' }).fill('<b>Hello</b>');
    await page.keyboard.press('Enter');
    assert.equal(await chat.locator('.bubble.own').innerText(), '<b>Hello</b>');
    const { domain_userid, session } = await identity(page);
    // Nothing was clicked, but the page told that it was looked at.
    const duration = Number(await servers.redis.get(`session:${session}:session_duration`));
    assert.ok(duration >= 9000, `a page ping keeps the session alive: ${duration} ms`);
    const firings = JSON.stringify(await servers.redis.ask('XRANGE', 'live-shopper:actions', '-', '+'));
    assert.ok(firings.includes(domain_userid), 'the firing is on the stream for others');

    await page.keyboard.press('Escape');
    await chat.waitFor({ state: 'detached' });
    await page.reload();
    await page.locator('#add-to-cart').waitFor();
    await sleep(1500);
    assert.equal(await chat.count(), 0, 'once closed it stays closed');
    assert.deepEqual(complaints, []);
    await close();
});

test('who compares prices and hesitates is offered a discount that the order honours', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base);
    await open_product(page, 'kiln-mug');
    await open_product(page, 'wren-teapot');
    await add_to_cart(page, 'kiln-mug');
    await page.goto('/cart');
    await page.getByRole('button', { name: 'Remove Kiln mug' }).click();
    const offer = page.locator('.offer.discount');
    await offer.waitFor({ timeout: 30000 });
    await offer.getByText('Why do I see this?').click();
    const why = await offer.locator('table').innerText();
    assert.match(why, /price_range_viewed_1h/);
    assert.match(why, /18\.5-58/);
    assert.match(why, /cart_remove_count_1h at least 1/);
    await offer.getByRole('button', { name: 'Use it' }).click();
    await add_to_cart(page, 'wren-teapot');
    await page.goto('/cart');
    assert.match(await page.locator('.sums').innerText(), /Discount[\s\S]*\$5\.80/);
    const { domain_userid } = await identity(page);
    await check_out(page, 'nobody@example.com');
    // 58 - 5.8 + 4.95
    await holds(`user:${domain_userid}:order_value_24h`, '57.15');
    assert.deepEqual(complaints, []);
    await close();
});

test('near free delivery the shop says so, and who comes back finds what was looked at', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base);
    await open_product(page, 'bulb-vase');
    await open_product(page, 'rill-planter');
    await open_product(page, 'bulb-vase');
    await page.locator('.strip').waitFor({ timeout: 30000 });
    assert.match(await page.locator('.strip').innerText(), /Bulb vase/);
    await add_to_cart(page, 'heath-throw');
    await page.locator('.nudge').waitFor({ timeout: 30000 });
    await page.locator('.nudge').getByRole('button', { name: 'Close: delivery' }).click();
    assert.equal(await page.locator('.nudge').isVisible(), false);
    assert.deepEqual(complaints, []);
    await close();
});

test('a declined card is said so and nothing is ordered', async () => {
    const { page, close } = await visitor(browser, servers.base);
    await add_to_cart(page, 'sand-timer');
    await page.goto('/payment');
    await page.locator('#card').fill('4000 0000 0000 0002');
    await page.getByRole('button', { name: 'Pay now' }).click();
    await page.getByText('The card was declined').waitFor();
    assert.equal(new URL(page.url()).pathname, '/payment');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'card');
    await close();
});

test('the live page shows a click as event, as feature and as latency', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base, { width: 1440 });
    await page.goto('/live');
    const shop = page.frameLocator('#frame');
    await shop.locator('.card a').first().waitFor();
    const price = page
        .locator('.lane', { hasText: 'Product' })
        .locator('tr', { hasText: 'avg viewed price' })
        .locator('.value')
        .first();
    const taken = [];
    for (const [name, mean] of [
        ['Kiln mug', '18.5'],
        ['Cep table lamp', '53.75'],
        ['Heath throw', '62.1667'],
        ['Loch lounge chair', '183.875'],
        ['Slow coffee dripper', '155.698'],
        ['Murmur radio', '156.2483'],
        ['Furrow cushion', '139.4986'],
    ]) {
        const link = shop.getByRole('link', { name, exact: true });
        await link.scrollIntoViewIfNeeded();
        await sleep(600);
        // Both ends by the page's own clock, from the click in the frame to the new text in the table.
        const clicked = link.evaluate((node) => {
            node.click();
            return performance.timeOrigin + performance.now();
        });
        const shown = page.evaluate(
            ([want]) =>
                new Promise((resolve, reject) => {
                    const end = setTimeout(() => reject(new Error(`no ${want}`)), 8000);
                    const look = () => {
                        const row = [...document.querySelectorAll('.lane tr')].find((each) =>
                            each.textContent.startsWith('avg viewed price'),
                        );
                        if (row?.querySelector('.value')?.textContent === want) {
                            clearTimeout(end);
                            resolve(performance.timeOrigin + performance.now());
                        } else {
                            requestAnimationFrame(look);
                        }
                    };
                    look();
                }),
            [mean],
        );
        taken.push((await shown) - (await clicked));
        assert.equal(await price.innerText(), mean);
        await shop.locator('.wordmark').click();
        await shop.locator('.hero').waitFor();
    }
    console.log(`# click to the price on the page: ${taken.map((ms) => Math.round(ms)).join(', ')} ms`);
    // The median: on a machine that has more to do, one click may have to wait.
    assert.ok(median(taken) < 200, `a click is a feature within 200 ms: ${taken}`);
    // The page measures the same itself, and shows it.
    const own = Number(/median: (\d+) ms/.exec(await page.locator('.freshness').innerText())?.[1]);
    assert.ok(own > 0 && own < 200, `the page shows its median: ${own} ms`);
    console.log(`# median of click to Redis, as the page shows it: ${own} ms`);

    await page.locator('.own .event', { hasText: 'product view' }).first().click();
    const dialog = page.locator('dialog');
    await dialog.locator('dt', { hasText: /^event_id$/ }).waitFor();
    assert.match(await dialog.innerText(), /alderwick/);
    await page.keyboard.press('Escape');
    assert.equal(await dialog.isVisible(), false);
    assert.match(await page.locator('.freshness .big').innerText(), /^\d+ ms$/);
    assert.ok((await page.locator('.ttl', { hasText: /^\d+:\d\d$/ }).count()) > 5);
    assert.deepEqual(complaints, []);
    await close();
});

test('a product view whose time is before that of the click on its list is timed too', async () => {
    const { page, complaints, close } = await visitor(browser, servers.base, { width: 1440 });
    await page.goto('/live');
    await page.frameLocator('#frame').locator('.card').first().waitFor();
    const { domain_userid, session } = await identity(page);
    await page.locator('.runs li', { hasText: 'view' }).first().waitFor();
    const schema = (vendor, name, version) => `iglu:com.snowplowanalytics.snowplow${vendor}/${name}/jsonschema/${version}`;
    const send = async (type, dtm) => {
        const id = randomUUID();
        // As the shop tells the live page, and then the collector.
        await page.frames()[1].evaluate(
            (told) => {
                const tracked = performance.timeOrigin + performance.now();
                new BroadcastChannel('alderwick').postMessage({ ...told, tracked, clicked: tracked });
            },
            { id, type, user: domain_userid, session },
        );
        const answer = await fetch(`${servers.base}/com.snowplowanalytics.snowplow/tp2`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({
                schema: schema('', 'payload_data', '1-0-4'),
                data: [
                    {
                        e: 'ue',
                        tv: 'js-4.10.1',
                        p: 'web',
                        eid: id,
                        duid: domain_userid,
                        sid: session,
                        dtm: String(dtm),
                        stm: String(Date.now()),
                        ue_pr: JSON.stringify({
                            schema: schema('', 'unstruct_event', '1-0-0'),
                            data: {
                                schema: schema('.ecommerce', 'snowplow_ecommerce_action', '1-0-2'),
                                data: { type },
                            },
                        }),
                        co: JSON.stringify({
                            schema: schema('', 'contexts', '1-0-0'),
                            data: [
                                {
                                    schema: schema('.ecommerce', 'product', '1-0-0'),
                                    data: { id: 'kiln-mug', category: 'Table', price: 18.5, currency: 'USD' },
                                },
                            ],
                        }),
                    },
                ],
            }),
        });
        assert.equal(answer.status, 200);
    };
    const now = Date.now();
    await send('list_click', now);
    await send('product_view', now - 30);
    await page.locator('.runs li', { hasText: 'list click' }).waitFor();
    await page.locator('.runs li', { hasText: 'product view' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
});

test('the reads that actions are decided on take less than a millisecond, and the page shows how long', async () => {
    const { page, close } = await visitor(browser, servers.base, { width: 1440 });
    await page.goto('/live');
    const tile = page.locator('#totals div', { hasText: 'MGET, p99' }).locator('dd');
    await page.locator('#reads', { hasText: /MGET median \d+ µs/ }).waitFor();
    const fiftieth = await page.locator('#reads').innerText();
    assert.match(await tile.innerText(), /^(\d+ µs|[\d.]+ ms)$/);
    console.log(`# ${fiftieth}, p99 ${await tile.innerText()}`);
    // The median: the slowest of a hundred tell what else the machine does.
    assert.ok(Number(/\d+/.exec(fiftieth)[0]) < 1000, fiftieth);
    await close();
});

test('script in product names, user ids, lists, pages and headers is text everywhere', async () => {
    const attack = '<img src=x onerror="document.body.dataset.owned=1"><script>document.body.dataset.owned=1</script>';
    const session = randomUUID();
    const domain_userid = randomUUID();
    const product = { id: `p${attack}`, name: attack, category: attack, brand: attack, price: 5, currency: 'USD' };
    const send = (event) =>
        fetch(`${servers.base}/com.snowplowanalytics.snowplow/tp2`, {
            method: 'POST',
            headers: {
                'Content-Type': 'application/json',
                'User-Agent': attack,
                Cookie: `sp=${attack}; a=${attack}`,
                Origin: attack,
                'X-Forwarded-For': attack,
                'X-Geo-City': attack,
            },
            body: JSON.stringify({
                schema: 'iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4',
                data: [
                    {
                        tv: 'js-4.10.1',
                        p: 'web',
                        aid: attack,
                        eid: randomUUID(),
                        dtm: String(Date.now()),
                        uid: attack,
                        duid: domain_userid,
                        sid: session,
                        url: `${servers.base}/?q=${attack}`,
                        page: attack,
                        ...event,
                    },
                ],
            }),
        });
    const { page, complaints, close } = await visitor(browser, servers.base, { width: 1440 });
    await page.goto('/live');
    await page.frameLocator('#frame').locator('.card').first().waitFor();
    const ecommerce = 'iglu:com.snowplowanalytics.snowplow.ecommerce';
    const action = (type, name) =>
        JSON.stringify({
            schema: 'iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0',
            data: {
                schema: `${ecommerce}/snowplow_ecommerce_action/jsonschema/1-0-2`,
                data: name ? { type, name } : { type },
            },
        });
    const contexts = JSON.stringify({
        schema: 'iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0',
        data: [
            { schema: `${ecommerce}/product/jsonschema/1-0-0`, data: product },
            {
                schema: 'iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2',
                data: {
                    userId: domain_userid,
                    sessionId: session,
                    sessionIndex: 1,
                    storageMechanism: 'COOKIE_1',
                    previousSessionId: null,
                },
            },
        ],
    });
    assert.equal((await send({ e: 'pv' })).status, 200);
    assert.equal((await send({ e: 'ue', ue_pr: action('list_view', attack), co: contexts })).status, 200);
    assert.equal((await send({ e: 'ue', ue_pr: action('product_view'), co: contexts })).status, 200);

    await holds(`user:${attack}:most_viewed_brand_5m`, attack);
    await page.locator('.event', { hasText: 'product view' }).filter({ hasText: '<img' }).first().waitFor();
    await eventually('the picker has the attacker', async () =>
        (await page.locator('#picker').innerText()).includes('<img'),
    );
    const option = await page.locator('#picker option', { hasText: '<img' }).first().getAttribute('value');
    await page.locator('#picker').selectOption(option);
    await page.locator('.lane .value', { hasText: '<script>' }).first().waitFor();
    await page.locator('.event', { hasText: 'product view' }).filter({ hasText: '<img' }).first().click();
    const columns = page.locator('dialog dl');
    await columns.locator('dd', { hasText: '<script>' }).first().waitFor();
    assert.ok((await columns.innerText()).split(attack).length > 4, 'ids, names and the user agent are there, as they came');
    await page.keyboard.press('Escape');
    // As a page of the shop too.
    await page.goto(`/search?q=${encodeURIComponent(attack)}`);
    await page.getByRole('heading', { level: 1 }).filter({ hasText: '<script>' }).waitFor();
    await page.goto(`/product/${encodeURIComponent(attack)}`);
    await page.getByRole('heading', { name: 'This page is not here' }).waitFor();
    for (const frame of page.frames()) assert.equal(await frame.evaluate(() => document.body.dataset.owned), undefined);
    assert.equal(await page.evaluate(() => document.querySelector('img[src="x"], main script')), null);
    assert.deepEqual(
        complaints.filter((text) => !/404/.test(text)),
        [],
    );
    await close();
});

test('the slider sets how much the simulated shoppers do', async () => {
    const busy = await start_servers({ shoppers: 50, rate: 5 });
    const { page, complaints, close } = await visitor(browser, busy.base, { width: 1440 });
    try {
        await page.goto('/live');
        const slider = page.getByRole('slider', { name: '50 simulated shoppers' });
        await slider.waitFor();
        assert.equal(await slider.getAttribute('aria-valuetext'), '5 events/s');
        const sent = async () => (await (await fetch(`${busy.base}/api/simulator`)).json()).sent;
        await slider.focus();
        await page.keyboard.press('Home');
        await eventually('nothing is sent', async () => {
            const before = await sent();
            await sleep(500);
            return (await sent()) === before;
        });
        await page.keyboard.press('End');
        await page.keyboard.press('ArrowLeft');
        assert.equal(await slider.getAttribute('aria-valuetext'), '1000 events/s');
        const before = await sent();
        await eventually('much is sent', async () => (await sent()) > before + 200, 20000);
        // Any shopper can be picked.
        const picker = page.locator('#picker');
        await eventually('there are others to pick', async () => (await picker.locator('option').count()) > 10);
        assert.match(await picker.locator('option').first().innerText(), /^You/);
        const other = await picker.locator('option', { hasNotText: 'You' }).first().getAttribute('value');
        await picker.selectOption(other);
        await page.locator('.lane .value', { hasText: /\d/ }).first().waitFor();
        // What the shop did for others comes by; a story that is open stays where it is.
        const stories = page.locator('#firings > li details');
        await stories.first().waitFor({ timeout: 60000 });
        await stories.first().locator('summary').click();
        const open = page.locator('#firings details[open]');
        const story = await open.locator('table').innerText();
        await page.locator('#firings .about', { hasText: /wait/ }).waitFor({ timeout: 60000 });
        assert.equal(await open.locator('table').innerText(), story);
        await open.locator('summary').click();
        await page.locator('#firings .about', { hasText: /wait/ }).waitFor({ state: 'detached' });
        // One's own does not go down with them.
        const shop = page.frameLocator('#frame');
        await shop.getByRole('link', { name: 'Heath throw', exact: true }).click();
        await shop.locator('#add-to-cart').click();
        const own = page.locator('#own-firings > li');
        await own.waitFor({ timeout: 30000 });
        assert.match(await own.innerText(), /Almost at free shipping[\s\S]*You, visitor[\s\S]*cart_value_1h at least 60\s+79/);
        assert.deepEqual(complaints, []);
    } finally {
        await close();
        await busy.stop();
    }
});

test('all of the shop can be reached and used with the keyboard', async () => {
    const { page, close } = await visitor(browser, servers.base);
    await page.goto('/product/slow-dripper');
    await page.locator('#add-to-cart').waitFor();
    await page.keyboard.press('Tab');
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Skip to the content/);
    await page.keyboard.press('Enter');
    let found = false;
    for (let i = 0; i < 12 && !found; ++i) {
        await page.keyboard.press('Tab');
        found = await page.evaluate(() => document.activeElement.id === 'add-to-cart');
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(outline, 'none', 'the focus can be seen');
    }
    assert.ok(found);
    await page.keyboard.press('Enter');
    await page.locator('.cart-count', { hasText: '1' }).waitFor();
    await page.goto('/cart');
    await page.getByRole('button', { name: 'Remove Slow coffee dripper' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(
        await page.evaluate(() => document.activeElement.textContent),
        'Your cart',
        'the focus is not lost with the line',
    );
    await close();
});

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function findings(page) {
    // Through the debugger, which the page's policy does not bind.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(
            ({ id, nodes }) =>
                `${new URL(page.url()).pathname}: ${id}: ${nodes
                    .slice(0, 3)
                    .map(({ html }) => html.slice(0, 160))
                    .join(' | ')}`,
        );
}

for (const [width, height] of [
    [1280, 900],
    [390, 844],
]) {
    for (const scheme of ['light', 'dark']) {
        test(`axe finds nothing serious on any page, ${width} wide and ${scheme}`, async () => {
            const { page, close } = await visitor(browser, servers.base, { width, height, scheme });
            const found = [];
            const check = async (path, ready) => {
                if (path) await page.goto(path);
                await page.locator(ready).first().waitFor();
                found.push(...(await findings(page)));
                const wider = await page.evaluate(
                    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
                );
                if (wider > 0) found.push(`${page.url()}: ${wider} px wider than the window`);
            };
            await check('/', '.card');
            await check('/category/table', '.card');
            await check('/search?q=lamp', '.card');
            await check('/search?q=nothing-like-it', '.lead');
            await check('/no-such-page', '.empty');
            await check('/cart', '.empty');
            await add_to_cart(page, 'heath-throw');
            await check(null, '.product');
            await check('/cart', '.line-item');
            await check('/sign-in', '.choice');
            await check('/checkout', '#name');
            await page.locator('#name').fill('');
            await page.getByRole('button', { name: 'Go on to payment' }).click();
            await check(null, '.error:not(:empty)');
            await check('/payment', '#card');
            await page.getByRole('button', { name: 'Pay now' }).click();
            await check(null, '.confirmation');
            await check('/live', '.lane');
            assert.deepEqual(found, []);
            await close();
        });
    }
}
