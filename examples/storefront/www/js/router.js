// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Goes from page to page without loading the next one anew: what a click sets off is on its way within a millisecond.
// Every page is also a file of its own, so each address can be opened directly.

import { announce } from './dom.js';
import { track_page } from './tracking.js';

let routes = [];
let context;
let running = 0;
const scrolled = new Map();
let entry = 0;

/// `pages` are [pattern of the path, page]; a page is `{render(context, ...parts)}` that returns `{title, nodes,
/// ready}`, where `ready` tracks what the page shows and may move the focus. May be async.
export function start_router(pages, shared) {
    routes = pages;
    context = shared;
    history.scrollRestoration = 'manual';
    history.replaceState({ entry }, '');
    document.addEventListener('click', on_click);
    window.addEventListener('popstate', (event) => {
        scrolled.set(entry, scrollY);
        entry = event.state?.entry ?? 0;
        show({ back: true });
    });
    return show({ first: true });
}

export function navigate(path, { replace = false } = {}) {
    if (replace) {
        history.replaceState({ entry }, '', path);
    } else {
        scrolled.set(entry, scrollY);
        entry += 1;
        history.pushState({ entry }, '', path);
    }
    return show({});
}

function page_of(path) {
    for (const [pattern, page] of routes) {
        const match = pattern.exec(path);
        if (match) return [page, match.slice(1).map(decode)];
    }
    return null;
}

function decode(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

function on_click(event) {
    if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
    )
        return;
    const link = event.target.closest?.('a[href]');
    if (!link || link.target || link.origin !== location.origin || !page_of(link.pathname)) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
}

async function show({ first = false, back = false }) {
    const turn = ++running;
    const [page, parts] = page_of(location.pathname) ?? [routes.at(-1)[1], []];
    const result = await page.render(context, ...parts);
    if (turn !== running) return;

    document.title = result.title === 'Alderwick' ? 'Alderwick: things for home' : `${result.title}, Alderwick`;
    const main = document.getElementById('main');
    main.replaceChildren(...result.nodes);
    track_page(document.title);
    result.ready?.();
    document.dispatchEvent(new CustomEvent('navigated'));
    if (first) return;
    scrollTo(0, back ? (scrolled.get(entry) ?? 0) : 0);
    // As after a real page load the next Tab starts at the top of the new page.
    if (!main.contains(document.activeElement)) {
        const heading = main.querySelector('h1') ?? main;
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
    }
    announce(result.title);
}
