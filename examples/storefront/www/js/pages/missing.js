// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

import { element } from '../dom.js';

export function render() {
    return {
        title: 'Not here',
        nodes: [
            element(
                'div',
                { class: 'empty' },
                element('h1', { class: 'page-title' }, 'This page is not here'),
                element('p', {}, 'It may have moved, or the address has a slip in it.'),
                element('a', { class: 'button', href: '/' }, 'Go to the start'),
            ),
        ],
    };
}
