// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What the shop tells Snowplow's tracker. The tracker comes as three plain scripts (scripts/tracker fetches them);
// without them the shop sells and tracks nothing.

import { signed_in } from './identity.js';

const core = globalThis.snowplowBrowserTracking;
const shop = globalThis.snowplowEcommerceAccelerator;
const site = globalThis.snowplowSiteTracking;
const on = Boolean(core && shop && site);

// The live page listens here to know which change in the store belongs to which click.
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('alderwick') : null;
let last_click = 0;
document.addEventListener(
    'click',
    () => {
        last_click = performance.timeOrigin + performance.now();
    },
    { capture: true },
);

const KINDS = { pv: 'page_view', pp: 'page_ping' };

function type_of(payload) {
    if (payload.e !== 'ue') return KINDS[payload.e] ?? payload.e;
    try {
        const event = JSON.parse(payload.ue_pr).data;
        return event.data.type ?? event.schema.split('/')[1];
    } catch {
        return 'other';
    }
}

const teller = {
    afterTrack(payload) {
        const now = performance.timeOrigin + performance.now();
        channel?.postMessage({
            id: payload.eid,
            type: type_of(payload),
            user: payload.uid || payload.duid,
            session: payload.sid,
            tracked: now,
            // A click counts for what it set off, not for what comes a second later.
            clicked: now - last_click < 1000 ? last_click : null,
        });
        document.dispatchEvent(new CustomEvent('tracked'));
    },
};

export function start_tracking() {
    if (!on) {
        console.warn('the tracker is not there (scripts/tracker fetches it): nothing is tracked');
        return;
    }
    core.newTracker('sp', location.origin, {
        appId: 'alderwick',
        platform: 'web',
        cookieSameSite: 'Lax',
        cookieSecure: location.protocol === 'https:',
        contexts: { session: true, browser: true },
        plugins: [shop.SnowplowEcommercePlugin(), site.SiteTrackingPlugin(), teller],
    });
    core.enableActivityTracking({ minimumVisitLength: 10, heartbeatDelay: 10 });
    track_identity();
}

/// After sign-in every event carries the user's id, after sign-out none does.
export function track_identity() {
    if (on) core.setUserId(signed_in()?.id ?? null);
}

export function track_page(title) {
    if (on) core.trackPageView({ title });
}

/// A product as an event carries it.
function entity(product, currency, more = {}) {
    return {
        id: product.id,
        name: product.name,
        brand: product.brand,
        category: product.category,
        price: product.price,
        currency,
        size: product.size,
        variant: product.variant,
        inventory_status: 'in_stock',
        ...more,
    };
}

export function track_product(product, currency) {
    if (on) shop.trackProductView(entity(product, currency));
}

export function track_list(name, products, currency) {
    if (on)
        shop.trackProductListView({
            name,
            products: products.map((product, i) => entity(product, currency, { position: i + 1 })),
        });
}

export function track_list_click(name, product, position, currency) {
    if (on) shop.trackProductListClick({ name, product: entity(product, currency, { position }) });
}

const promotion_entity = ({ id, name, product_ids, creative_id, type, slot }) => ({
    id,
    name,
    product_ids,
    position: 1,
    creative_id,
    type,
    slot,
});

export function track_promotion(promotion) {
    if (on) shop.trackPromotionView(promotion_entity(promotion));
}

export function track_promotion_click(promotion) {
    if (on) shop.trackPromotionClick(promotion_entity(promotion));
}

/// `total` is what the cart is worth after this, as the schema defines it.
export function track_cart(added, product, quantity, total, currency) {
    if (!on) return;
    const event = { products: [entity(product, currency, { quantity })], total_value: total, currency };
    if (added) shop.trackAddToCart(event);
    else shop.trackRemoveFromCart(event);
}

export function track_checkout(step, more = {}) {
    if (on) shop.trackCheckoutStep({ step, ...more });
}

export function track_order(order, products) {
    if (!on) return;
    shop.trackTransaction({
        transaction_id: order.id,
        revenue: order.total,
        currency: order.currency,
        payment_method: 'card',
        total_quantity: order.total_quantity,
        tax: 0,
        shipping: order.shipping,
        ...(order.code ? { discount_code: order.code, discount_amount: order.discount } : {}),
        products: products.map(({ product, quantity }) => entity(product, order.currency, { quantity })),
    });
}

export function track_declined(order_id, total, currency, quantity) {
    if (!on) return;
    shop.trackTransactionError({
        transaction: {
            transaction_id: order_id,
            revenue: total,
            currency,
            payment_method: 'card',
            total_quantity: quantity,
        },
        error_code: 'card_declined',
        error_description: 'The card was declined',
        error_type: 'hard',
    });
}

export function track_search(query, results) {
    if (on)
        site.trackSiteSearch({
            terms: query.split(/\s+/).filter(Boolean),
            totalResults: results,
            pageResults: results,
        });
}

/// Calls back once, when a third of `node` has been on the screen.
export function when_seen(node, callback) {
    const observer = new IntersectionObserver(
        (entries) => {
            if (!entries.some((entry) => entry.isIntersecting)) return;
            observer.disconnect();
            callback();
        },
        { threshold: 0.3 },
    );
    observer.observe(node);
}
