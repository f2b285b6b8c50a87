// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// How busy the simulated shoppers are.

import { post_json } from '../catalogue.js';
import { element } from '../dom.js';

const STEPS = [0, 1, 2, 5, 10, 20, 30, 50, 100, 200, 500, 1000, 2000];

export class Simulator {
    constructor() {
        this.form_ = document.getElementById('simulator');
        this.form_.addEventListener('submit', (event) => event.preventDefault());
        this.form_.hidden = true;
        this.sent_ = Promise.resolve();
    }

    start(simulator) {
        this.form_.hidden = !simulator || !simulator.shoppers;
        if (this.form_.hidden) return;
        // In steps, since the difference between 1 and 10 a second matters as much as that between 100 and 1000.
        this.slider_ = element('input', {
            type: 'range',
            id: 'rate',
            min: '0',
            max: String(STEPS.length - 1),
            step: '1',
            on: { input: () => this.write_(STEPS[this.slider_.value]), change: () => this.send_() },
        });
        this.output_ = element('output', { htmlFor: 'rate' });
        this.form_.replaceChildren(
            element('label', { htmlFor: 'rate' }, `${simulator.shoppers} simulated shoppers`),
            this.slider_,
            this.output_,
        );
        this.slider_.value = nearest(simulator.rate);
        this.write_(simulator.rate);
    }

    write_(rate) {
        const text = `${Math.round(rate)} events/s`;
        this.output_.textContent = text;
        this.slider_.setAttribute('aria-valuetext', text);
    }

    /// One request after the other, so that the last one counts; an answer that has been overtaken is not shown.
    send_() {
        const wanted = this.slider_.value;
        this.sent_ = this.sent_.then(async () => {
            if (this.slider_.value !== wanted) return;
            try {
                const { rate } = await post_json('/api/simulator', { rate: STEPS[wanted] });
                if (this.slider_.value === wanted) this.write_(rate);
            } catch {
                this.output_.textContent = 'not reached';
            }
        });
    }
}

const nearest = (rate) =>
    STEPS.reduce((best, step, i) => (Math.abs(step - rate) < Math.abs(STEPS[best] - rate) ? i : best), 0);
