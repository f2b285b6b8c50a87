// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What a visitor keeps in this browser. A browser that refuses storage still shows the shop, it only forgets.

export function read(storage, key, otherwise) {
    try {
        const text = storage.getItem(`alderwick:${key}`);
        return text === null ? otherwise : JSON.parse(text);
    } catch {
        return otherwise;
    }
}

export function write(storage, key, value) {
    try {
        if (value === null) storage.removeItem(`alderwick:${key}`);
        else storage.setItem(`alderwick:${key}`, JSON.stringify(value));
    } catch {
        /* full or refused */
    }
}
