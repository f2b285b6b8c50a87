// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// One event in full: the columns that hold something, and the record as it is on Kafka.

import { element, icon } from '../dom.js';
import { COLUMNS } from './columns.js';
import { words } from './text.js';

const dialog = document.getElementById('raw');
dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
});

export async function show_raw(event) {
    const body = element('div', { class: 'body' }, element('p', {}, 'Reading …'));
    dialog.replaceChildren(
        element(
            'header',
            {},
            element('h2', { id: 'raw-title' }, `One ${words(event.type)}, as it is on Kafka`),
            element(
                'button',
                { class: 'icon-button', type: 'button', 'aria-label': 'Close', on: { click: () => dialog.close() } },
                icon('close'),
            ),
        ),
        body,
    );
    dialog.showModal();
    let text;
    try {
        const answer = await fetch(`/live/raw?seq=${encodeURIComponent(event.seq)}`);
        if (!answer.ok) throw new Error('gone');
        text = await answer.text();
    } catch {
        body.replaceChildren(element('p', {}, 'The server keeps the latest events only, and this one has gone.'));
        return;
    }
    body.replaceChildren(
        element(
            'dl',
            {},
            parts(text).map(([name, value]) => [element('dt', {}, name), element('dd', {}, element('pre', {}, value))]),
        ),
        element(
            'details',
            {},
            element('summary', {}, `The record, ${text.length} characters`),
            element('pre', {}, text),
        ),
    );
}

/// [name, text] of what an enriched event holds; of JSON its members.
function parts(text) {
    const fields = text.replace(/\n$/, '').split('\t');
    if (fields.length > 100) {
        return fields
            .map((value, i) => [COLUMNS[i] ?? `column ${i + 1}`, pretty(value)])
            .filter(([, value]) => value !== '');
    }
    try {
        return Object.entries(JSON.parse(text)).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : JSON.stringify(value, null, 2),
        ]);
    } catch {
        return [];
    }
}

function pretty(value) {
    if (!/^[{[]/.test(value)) return value;
    try {
        return JSON.stringify(JSON.parse(value), null, 2);
    } catch {
        return value;
    }
}
