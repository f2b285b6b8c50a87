// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The cart: product ids and quantities, kept in this browser. Tells the document with a `cart` event when it changes.

import { cents } from './catalogue.js';
import { read, write } from './storage.js';

const MOST = 99;

export class Cart {
    constructor(catalogue) {
        this.catalogue_ = catalogue;
        this.load_();
        window.addEventListener('storage', (event) => {
            if (event.key !== null && event.key !== 'alderwick:cart' && event.key !== 'alderwick:code') return;
            this.load_();
            document.dispatchEvent(new CustomEvent('cart'));
        });
    }

    load_() {
        const kept = read(localStorage, 'cart', []);
        this.lines_ = Array.isArray(kept)
            ? kept.filter(
                  (line) => this.catalogue_.product(line?.id) && Number.isInteger(line.quantity) && line.quantity > 0,
              )
            : [];
        this.code_ = read(localStorage, 'code', null);
    }

    save_() {
        write(localStorage, 'cart', this.lines_);
        document.dispatchEvent(new CustomEvent('cart'));
    }

    get lines() {
        return this.lines_.map((line) => ({ product: this.catalogue_.product(line.id), quantity: line.quantity }));
    }

    get count() {
        return this.lines_.reduce((sum, line) => sum + line.quantity, 0);
    }
    get empty() {
        return this.lines_.length === 0;
    }

    /// {code, percent} or null.
    get code() {
        return this.code_;
    }
    set code(code) {
        this.code_ = code;
        write(localStorage, 'code', code);
        document.dispatchEvent(new CustomEvent('cart'));
    }

    /// Adds up to 99 of a kind; returns how many were added.
    add(product, quantity = 1) {
        const line = this.lines_.find((each) => each.id === product.id);
        const added = Math.min(quantity, MOST - (line?.quantity ?? 0));
        if (added <= 0) return 0;
        if (line) line.quantity += added;
        else this.lines_.push({ id: product.id, quantity: added });
        this.save_();
        return added;
    }

    /// Takes out up to `quantity` of a kind; returns how many were taken out.
    remove(product, quantity = Infinity) {
        const line = this.lines_.find((each) => each.id === product.id);
        if (!line) return 0;
        const removed = Math.min(quantity, line.quantity);
        line.quantity -= removed;
        if (line.quantity === 0) this.lines_ = this.lines_.filter((each) => each !== line);
        this.save_();
        return removed;
    }

    clear() {
        this.lines_ = [];
        this.code_ = null;
        write(localStorage, 'code', null);
        this.save_();
    }

    /// What the order would cost, each an amount with at most 2 decimals.
    sums() {
        const subtotal = this.lines.reduce((sum, { product, quantity }) => sum + cents(product.price) * quantity, 0);
        const discount = this.code_ ? Math.round((subtotal * this.code_.percent) / 100) : 0;
        const free = subtotal - discount >= cents(this.catalogue_.free_shipping_from);
        const shipping = subtotal === 0 || free ? 0 : cents(this.catalogue_.shipping);
        return {
            subtotal: subtotal / 100,
            discount: discount / 100,
            shipping: shipping / 100,
            total: (subtotal - discount + shipping) / 100,
        };
    }
}
