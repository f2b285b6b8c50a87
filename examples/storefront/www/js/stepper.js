// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Less, how many, more.

import { element } from './dom.js';

/// `change(by)` is called with -1 or 1 and returns the number to show.
export function stepper(label, start, change) {
    const output = element('output', {}, start);
    const step = (by) => () => {
        output.textContent = change(by);
    };
    return element(
        'div',
        { class: 'stepper', role: 'group', 'aria-label': label },
        element('button', { type: 'button', 'aria-label': 'One less', on: { click: step(-1) } }, '−'),
        output,
        element('button', { type: 'button', 'aria-label': 'One more', on: { click: step(1) } }, '+'),
    );
}
