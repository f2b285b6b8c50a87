// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Why an action was taken: its conditions and the features' values at that moment.

import { element } from './dom.js';

export function why_table(action) {
    return element(
        'table',
        {},
        element(
            'thead',
            {},
            element('tr', {}, element('th', { scope: 'col' }, 'Condition'), element('th', { scope: 'col' }, 'Value')),
        ),
        element(
            'tbody',
            {},
            (action.why ?? []).map(({ test, value }) =>
                element('tr', {}, element('td', {}, test), element('td', {}, value ?? 'none')),
            ),
        ),
    );
}

export function why(action) {
    return element(
        'details',
        { class: 'why' },
        element('summary', {}, 'Why do I see this?'),
        element(
            'p',
            {},
            `Rule “${action.title ?? action.rule}”`,
            action.held > 0 ? `, true for ${Math.round(action.held / 1000)} s.` : '.',
        ),
        why_table(action),
    );
}
