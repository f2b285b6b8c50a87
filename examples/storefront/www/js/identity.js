// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Who the visitor is: a name once signed in, else the number that the tracker's cookie gave them.

import { read, write } from './storage.js';

/// {id, email, name} or null.
export function signed_in() {
    const user = read(localStorage, 'user', null);
    return user && typeof user.id === 'string' && user.id ? user : null;
}

export function set_signed_in(user) {
    write(localStorage, 'user', user);
    document.dispatchEvent(new CustomEvent('identity'));
}

/// Of the tracker's cookie, `domainUserId.created.visits.now.last.sessionId...`; null before the tracker has run.
export function visitor() {
    const cookie = document.cookie.split('; ').find((each) => each.startsWith('_sp_id.'));
    if (!cookie) return null;
    const parts = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1)).split('.');
    return parts[0] && parts[5] ? { domain_userid: parts[0], session: parts[5] } : null;
}

/// {user, session, domain_userid, name} by which the features are kept, or null.
export function shopper() {
    const browser = visitor();
    if (!browser) return null;
    const user = signed_in();
    return { user: user?.id ?? browser.domain_userid, name: user?.name ?? null, ...browser };
}

// Signing in or out in another tab holds here too.
window.addEventListener('storage', (event) => {
    if (event.key === null || event.key === 'alderwick:user') document.dispatchEvent(new CustomEvent('identity'));
});
