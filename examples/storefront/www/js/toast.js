// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// A short note at the bottom that goes away by itself; the same words are announced.

import { announce, append, element } from './dom.js';

let shown;

export function toast(text, ...more) {
    shown?.remove();
    shown = append(element('aside', { class: 'toast', 'aria-label': 'Note' }, element('span', {}, text)), more);
    document.body.append(shown);
    announce(text);
    const mine = shown;
    const leave = () => {
        // Not from under somebody's keyboard.
        if (mine.contains(document.activeElement)) setTimeout(leave, 2000);
        else mine.remove();
    };
    setTimeout(leave, 4000);
}
