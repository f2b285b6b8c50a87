// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Builds pages out of nodes. Text is only ever text: nothing here, or in what uses it, parses markup.

const SVG = 'http://www.w3.org/2000/svg';

/// Makes an element. Keys of `properties`: `class`, `dataset` (an object), `on` (event name -> listener), names of
/// DOM properties, and anything with a dash or unknown to the element as an attribute. null and false leave a key
/// out. Children are nodes or text; null and false are left out.
export function element(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
        if (value === null || value === undefined || value === false) continue;
        if (key === 'class') node.className = value;
        else if (key === 'dataset') Object.assign(node.dataset, value);
        else if (key === 'on')
            for (const [name, listener] of Object.entries(value)) node.addEventListener(name, listener);
        else if (key in node && !key.includes('-')) node[key] = value;
        else node.setAttribute(key, value === true ? '' : String(value));
    }
    append(node, children);
    return node;
}

export function append(node, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
}

export function svg(tag, attributes = {}, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
}

const ICONS = {
    search: 'M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14zm5-2 4.5 4.5',
    cart: 'M4 5h2.2l2 10.5h9.6L20 8H7M9.5 20h.01M16.5 20h.01',
    person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7.5 8a7.5 7.5 0 0 1 15 0',
    close: 'M6 6l12 12M18 6L6 18',
    chat: 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z',
    percent: 'M6 18L18 6M8 9.5a1.5 1.5 0 1 1 0-3 1.5 1.5 0 0 1 0 3zm8 8a1.5 1.5 0 1 1 0-3 1.5 1.5 0 0 1 0 3z',
    truck: 'M3 7h10v9H3zM13 10h4l3 3v3h-7zM7 19a1.8 1.8 0 1 0 0-3.6A1.8 1.8 0 0 0 7 19zm10 0a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z',
    send: 'M4 12h15M13 6l6 6-6 6',
    check: 'M5 12.5l4.5 4.5L19 7.5',
    pause: 'M9 6v12M15 6v12',
    play: 'M8 5.5v13l10.5-6.5z',
};

/// A drawn sign beside words that say the same, so hidden from screen readers.
export function icon(name) {
    return svg(
        'svg',
        { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' },
        svg('path', { d: ICONS[name] }),
    );
}

let announcer;

/// Has a screen reader say it when it is next silent.
export function announce(text) {
    if (!announcer) {
        announcer = element('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
        document.body.append(announcer);
    }
    // The same text twice would not be a change.
    announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
}
