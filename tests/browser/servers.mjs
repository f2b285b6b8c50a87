// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Redis, the stream job with its own Kafka, and the storefront, as real processes on free loopback ports.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/// Asks again until the answer is true or `within` ms are over; returns it, or fails with what was asked last.
export async function eventually(what, ask, within = 10000) {
    const end = Date.now() + within;
    let last;
    for (;;) {
        try {
            last = await ask();
            if (last) return last;
        } catch (error) {
            last = error.message;
        }
        if (Date.now() > end) throw new Error(`${what}: not within ${within} ms; last seen: ${JSON.stringify(last)}`);
        await sleep(25);
    }
}

function free_port() {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

class Process {
    constructor(name, program, args) {
        this.name = name;
        this.out = '';
        this.log = '';
        this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        this.child.stdout.on('data', (data) => {
            this.out += data;
        });
        this.child.stderr.on('data', (data) => {
            this.log = (this.log + data).slice(-20000);
        });
        this.child.on('error', (error) => {
            this.log += error.message;
        });
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
    }

    get running() {
        return this.child.exitCode === null && this.child.signalCode === null;
    }

    /// The first group of `pattern` in what it printed.
    said(pattern) {
        return eventually(
            `${this.name} says ${pattern}`,
            () => {
                if (!this.running) throw new Error(`${this.name} ended: ${this.log}`);
                return pattern.exec(this.out)?.[1];
            },
            15000,
        );
    }

    async stop() {
        if (this.running) this.child.kill('SIGTERM');
        const late = setTimeout(() => this.child.kill('SIGKILL'), 8000);
        await this.ended;
        clearTimeout(late);
    }
}

/// Enough of Redis' protocol to ask what it holds.
class Redis {
    constructor(port) {
        this.port_ = port;
    }

    ask(...words) {
        return new Promise((resolve, reject) => {
            const socket = createConnection(this.port_, '127.0.0.1');
            let data = Buffer.alloc(0);
            socket.setTimeout(3000, () => socket.destroy(new Error('Redis does not answer')));
            socket.on('error', reject);
            socket.on('data', (more) => {
                data = Buffer.concat([data, more]);
                const reply = parse(data, 0);
                if (!reply) return;
                socket.end();
                if (reply.value instanceof Error) reject(reply.value);
                else resolve(reply.value);
            });
            socket.write(
                Buffer.concat([
                    Buffer.from(`*${words.length}\r\n`),
                    ...words.map((word) => {
                        const bytes = Buffer.from(String(word));
                        return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
                    }),
                ]),
            );
        });
    }

    get(key) {
        return this.ask('GET', key);
    }
}

function parse(data, from) {
    const end = data.indexOf('\r\n', from);
    if (end < 0) return null;
    const line = data.toString('utf8', from + 1, end);
    const next = end + 2;
    switch (String.fromCharCode(data[from])) {
        case '+':
            return { value: line, next };
        case '-':
            return { value: new Error(line), next };
        case ':':
            return { value: Number(line), next };
        case '$': {
            const length = Number(line);
            if (length < 0) return { value: null, next };
            if (data.length < next + length + 2) return null;
            return { value: data.toString('utf8', next, next + length), next: next + length + 2 };
        }
        default: {
            const list = [];
            let at = next;
            for (let i = 0; i < Number(line); ++i) {
                const each = parse(data, at);
                if (!each) return null;
                list.push(each.value);
                at = each.next;
            }
            return { value: list, next: at };
        }
    }
}

/// {base: address of the shop, redis, stop()}.
export async function start_servers({ shoppers = 0, rate = 20 } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'weir-browser-'));
    const started = [];
    const start = (...args) => {
        const process = new Process(...args);
        started.unshift(process);
        return process;
    };
    const kill = () =>
        started.forEach((each) => {
            if (each.running) each.child.kill('SIGKILL');
        });
    process.on('exit', kill);
    const stop = async () => {
        for (const each of started) await each.stop();
        await rm(folder, { recursive: true, force: true });
        process.off('exit', kill);
    };
    try {
        const port = await free_port();
        const metrics = await free_port();
        start('redis', 'redis-server', [
            '--bind',
            '127.0.0.1',
            '--port',
            String(port),
            '--save',
            '',
            '--appendonly',
            'no',
            '--dir',
            folder,
        ]);
        const redis = new Redis(port);
        await eventually('Redis is up', async () => (await redis.ask('PING')) === 'PONG');
        const job = start('live-shopper', process.env.LIVE_SHOPPER, [
            'run',
            '--embedded-kafka',
            '--redis',
            `127.0.0.1:${port}`,
            '--metrics',
            `127.0.0.1:${metrics}`,
            '--flush-interval', // as scripts/demo does
            '25ms',
            '--checkout-windows',
            '1h',
        ]);
        const brokers = await job.said(/^kafka (\S+)$/m);
        const shop = start('storefront', process.env.STOREFRONT, [
            '--listen',
            '127.0.0.1:0',
            '--brokers',
            brokers,
            '--redis',
            `127.0.0.1:${port}`,
            '--job-metrics',
            `127.0.0.1:${metrics}`,
            '--shoppers',
            String(shoppers),
            '--rate',
            String(rate),
        ]);
        const address = await shop.said(/^storefront (\S+)$/m);
        const base = address.includes('://') ? address.replace(/\/$/, '') : `http://${address}`;
        await eventually('the shop answers', async () => (await fetch(`${base}/health`)).ok);
        // Joining its consumer group takes the job seconds; a visitor who comes after that waits for none of it.
        await eventually('the job has its partitions', () => job.log.includes('caught up'), 30000);
        return { base, redis, stop, logs: () => started.map((each) => `${each.name}: ${each.log}`).join('\n') };
    } catch (error) {
        await stop();
        throw error;
    }
}
