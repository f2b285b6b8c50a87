// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Snowplow's node tracker against the storefront's collector: what it sends has to leave Kafka, and to reach Redis.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { buildPageView, buildSelfDescribingEvent, buildStructEvent, newTracker } from '@snowplow/node-tracker';

import { eventually, start_servers } from '../browser/servers.mjs';

const ecommerce = 'iglu:com.snowplowanalytics.snowplow.ecommerce';

let servers;
before(async () => {
    servers = await start_servers();
});
after(() => servers?.stop());

const columns = { event: 5, user_id: 12, domain_userid: 15, page_url: 29, contexts: 52, se_category: 53, unstruct_event: 58, sid: 123 };

/// The raw rows of a visitor's events, as they left Kafka.
async function rows_of(visitor, count) {
    return eventually(`${count} events of ${visitor}`, async () => {
        const rows = [];
        for (let seq = 1; ; ++seq) {
            const answer = await fetch(`${servers.base}/live/raw?seq=${seq}`);
            if (!answer.ok) break;
            const row = (await answer.text()).split('\t');
            if (row[columns.domain_userid] === visitor) rows.push(row);
        }
        return rows.length >= count && rows;
    });
}

function tracker(visitor, session, method) {
    const made = newTracker(
        { namespace: `sp-${method}`, appId: 'shop-server' },
        { endpoint: servers.base, eventMethod: method, bufferSize: method === 'get' ? 1 : 3 },
    );
    made.setPlatform('srv');
    made.setDomainUserId(visitor);
    made.setSessionId(session);
    made.setUserId(`${visitor}@example.com`);
    return made;
}

for (const method of ['post', 'get']) {
    test(`events sent with ${method} leave Kafka as they were meant, and count`, async () => {
        const visitor = `node-${method}`;
        const session = randomUUID();
        const sending = tracker(visitor, session, method);
        const product = (id, price) => ({
            schema: `${ecommerce}/product/jsonschema/1-0-0`,
            data: { id, name: 'Lampe <ü>', category: 'Lighting', price, currency: 'EUR', quantity: 2 },
        });
        sending.track(buildPageView({ pageUrl: 'https://shop.example/a?utm_source=node', pageTitle: 'A' }));
        sending.track(
            buildSelfDescribingEvent({
                event: { schema: `${ecommerce}/snowplow_ecommerce_action/jsonschema/1-0-2`, data: { type: 'add_to_cart' } },
            }),
            [product('1', 42.99), { schema: `${ecommerce}/cart/jsonschema/1-0-0`, data: { total_value: 85.98, currency: 'EUR' } }],
        );
        sending.track(buildStructEvent({ category: 'tab\there', action: 'b', value: 1.5 }));
        sending.flush();
        const rows = await rows_of(visitor, 3);
        assert.deepEqual(rows.map((row) => row[columns.event]).sort(), ['page_view', 'struct', 'unstruct']);
        for (const row of rows) {
            assert.equal(row.length, 131);
            assert.equal(row[columns.user_id], `${visitor}@example.com`);
            assert.equal(row[columns.sid], session);
        }
        const added = rows.find((row) => row[columns.event] === 'unstruct');
        assert.equal(JSON.parse(added[columns.unstruct_event]).data.data.type, 'add_to_cart');
        assert.equal(JSON.parse(added[columns.contexts]).data[0].data.name, 'Lampe <ü>');
        assert.equal(rows.find((row) => row[columns.event] === 'struct')[columns.se_category], 'tab    here');
        await eventually('the cart is in Redis', async () => (await servers.redis.get(`user:${visitor}@example.com:cart_value_1h`)) === '85.98');
    });
}
