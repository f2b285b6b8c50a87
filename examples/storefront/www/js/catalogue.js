// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What the shop sells. Read once; every page looks things up here.

export async function fetch_json(path, options) {
    const answer = await fetch(path, options);
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok)
        throw Object.assign(new Error(body.message ?? `${path}: ${answer.status}`), {
            code: body.error,
            status: answer.status,
        });
    return body;
}

export function post_json(path, body) {
    return fetch_json(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
    });
}

let reading;

export function load_catalogue() {
    reading ??= fetch_json('/api/catalogue').then((data) => new Catalogue(data));
    reading.catch(() => {
        reading = undefined;
    });
    return reading;
}

class Catalogue {
    constructor(data) {
        this.currency = data.currency;
        this.products = data.products;
        this.categories = data.categories ?? [];
        this.lists = data.lists;
        this.promotion = data.promotion;
        this.shipping = data.shipping;
        this.free_shipping_from = data.free_shipping_from;
        this.by_id_ = new Map(data.products.map((product) => [product.id, product]));
        this.money_ = new Intl.NumberFormat('en-US', { style: 'currency', currency: data.currency });
    }

    product(id) {
        return this.by_id_.get(id);
    }
    category(slug) {
        return this.categories.find((category) => category.slug === slug);
    }
    category_of(product) {
        return this.categories.find((category) => category.name === product.category);
    }
    in_category(name) {
        return this.products.filter((product) => product.category === name);
    }
    these(ids) {
        return ids.map((id) => this.product(id)).filter(Boolean);
    }

    /// Products with every word of `query` somewhere in their text, those with a word in their name first.
    search(query) {
        const words = query.toLowerCase().split(/\s+/).filter(Boolean);
        if (words.length === 0) return [];
        const hits = [];
        for (const product of this.products) {
            const name = product.name.toLowerCase();
            const text = [name, product.brand, product.category, product.variant, product.description]
                .join(' ')
                .toLowerCase();
            if (words.every((word) => text.includes(word))) {
                hits.push({ product, in_name: words.filter((word) => name.includes(word)).length });
            }
        }
        return hits.sort((a, b) => b.in_name - a.in_name).map((hit) => hit.product);
    }

    money(amount) {
        return this.money_.format(amount);
    }
}

/// Money is added up in cents: 0.1 + 0.2 is 0.3 there.
export const cents = (amount) => Math.round(amount * 100);

export const product_path = (product) => `/product/${encodeURIComponent(product.id)}`;
