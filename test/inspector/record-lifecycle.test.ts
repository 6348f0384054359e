import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createRetryBudget, type LifecycleEvent, ProviderError } from '../../src/index.ts';
import { noLanes, readLifecycle, recordLifecycle, reduceLanes, toLifecycleRecord } from '../../src/inspector/index.ts';
import { afterwards, apiKey, clientOf, collect, request, serve } from '../integration/support.ts';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'steadystream-inspector-'));
  afterwards(() => rm(path, { recursive: true }));
  return path;
}

const moment = { requestId: 'r', callId: 'c', provider: 'acme', model: 'm-1', attempt: 1, elapsedMs: 5 };

/** A source whose events a test writes. */
function source() {
  const lifecycle$ = new Subject<LifecycleEvent>();
  return { lifecycle$, tell: (event: object) => lifecycle$.next({ ...moment, ...event } as LifecycleEvent) };
}

describe('a log', () => {
  it('holds what happened to real streams, a record a line, and is read back as it was', async () => {
    const path = join(await directory(), 'log.ndjson');
    const server = await serve([{ status: 503, body: { error: { message: 'busy' } } }, { text: 'Hello there' }, { status: 400, body: {} }]);
    const client = clientOf('openai', server.url);
    const recording = recordLifecycle({ client }, path);
    const live = reduceLanes(noLanes(), []);
    const seen: LifecycleEvent['type'][] = [];
    const listening = client.lifecycle$.subscribe(({ type }) => seen.push(type));
    await collect(client.stream(request));
    await collect(client.stream(request));
    listening.unsubscribe();
    await recording.close();

    const records = await readLifecycle(path);
    expect(records.map(({ type }) => type)).toEqual(seen);
    expect(recording).toMatchObject({ written: seen.length, dropped: 0 });
    const { lanes, totals } = reduceLanes(live, records);
    expect([...lanes.values()].map(({ outcome, retries }) => [outcome, retries])).toEqual([
      ['ok', 1],
      ['failed', 0],
    ]);
    expect(totals).toMatchObject({ started: 2, ok: 1, failed: 1, retried: 1, running: 0 });
  });

  it('holds no text and no key unless content is asked for', async () => {
    const path = join(await directory(), 'log.ndjson');
    const answers = { text: 'a secret answer' };
    const server = await serve([answers, { status: 400, body: { error: { message: `you said ${apiKey} and a secret word` } } }, answers]);
    const client = clientOf('openai', server.url);
    const asked = { ...request, messages: [{ role: 'user', content: 'a secret question' }] } as const;
    const quiet = recordLifecycle({ client }, path);
    await collect(client.stream(asked));
    await collect(client.stream(asked));
    await quiet.close();
    const text = await readFile(path, 'utf8');
    expect(text).toContain('"type":"finish"');
    expect(text).not.toMatch(/secret/);
    expect(text).not.toContain(apiKey);

    const telling = recordLifecycle({ client, content: true }, path);
    await collect(client.stream(asked));
    await telling.close();
    const told = await readFile(path, 'utf8');
    expect(told).toContain('a secret question');
    expect(told).toContain('a secret answer');
  });

  it('redacts and bounds what callers name their models', () => {
    const error = new ProviderError({ category: 'network', provider: 'acme' });
    const event = { ...moment, type: 'error', error, model: `sk-live-abcdefgh12345678 \u001b[31m${'x'.repeat(5_000)}` } as const;
    const line = JSON.stringify(toLifecycleRecord(event));
    expect(line).not.toContain('abcdefgh12345678');
    expect(line).not.toContain('\\u001b');
    expect(line.length).toBeLessThan(3_000);
  });

  it('takes the levels of what is shared down, at most once a second', async () => {
    const path = join(await directory(), 'log.ndjson');
    const server = await serve({ text: 'Hi' });
    const budget = createRetryBudget({ tokens: 4 });
    const client = clientOf('openai', server.url, { budget });
    const recording = recordLifecycle({ client, budget }, path);
    await collect(client.stream(request));
    await recording.close();
    const gauges = (await readLifecycle(path)).filter(({ type }) => type === 'gauges');
    expect(gauges).toHaveLength(1);
    expect(gauges[0]).toMatchObject({ budgets: [{ provider: 'openai', tokens: 4 }] });
  });

  it('leaves out what its target cannot take in time, says how much, and slows nobody', async () => {
    const lines: string[] = [];
    const held: (() => void)[] = [];
    const slow = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (chunk.length > 0) lines.push(chunk.toString());
        held.push(done);
      },
    });
    const { tell, ...client } = source();
    const recording = recordLifecycle({ client, maxWaitingBytes: 2_000 }, slow);
    for (let each = 0; each < 1_000; each++) tell({ type: 'attempt' });
    expect(recording.dropped).toBeGreaterThan(900);
    expect(recording.written + recording.dropped).toBe(1_000);
    expect(slow.writableLength).toBeLessThanOrEqual(2_000);
    // It goes on again.
    while (slow.writableLength > 0) {
      for (const done of held.splice(0)) done();
      await new Promise((resolve) => setImmediate(resolve));
    }
    tell({ type: 'cancel' });
    const closing = recording.close();
    while (slow.writableLength > 0) {
      for (const done of held.splice(0)) done();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const done of held.splice(0)) done();
    await closing;
    const records = lines.map((line) => JSON.parse(line) as { readonly type: string; readonly records?: number });
    expect(records.find(({ type }) => type === 'dropped')?.records).toBe(recording.dropped);
    expect(records.at(-1)?.type).toBe('cancel');
  });

  it('ends at its limit of bytes', async () => {
    const path = join(await directory(), 'log.ndjson');
    const { tell, ...client } = source();
    const recording = recordLifecycle({ client, maxBytes: 1_000 }, path);
    for (let each = 0; each < 100; each++) tell({ type: 'attempt' });
    await recording.close();
    expect((await readFile(path)).length).toBeLessThanOrEqual(1_000);
    expect(recording.dropped).toBeGreaterThan(80);
  });

  it('that cannot be written is counted as left out, and nothing else happens', async () => {
    const { tell, ...client } = source();
    const recording = recordLifecycle({ client }, join(await directory(), 'missing', 'log.ndjson'));
    tell({ type: 'attempt' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    tell({ type: 'attempt' });
    expect(recording.dropped).toBeGreaterThan(0);
    await recording.close();
  });

  it('of a process that was killed, or of somebody else, is read as far as it is one', async () => {
    const path = join(await directory(), 'log.ndjson');
    const good = JSON.stringify(toLifecycleRecord({ type: 'attempt', ...moment }, { at: 5 }));
    const lines = [good, '', 'no json', '[]', 'null', '{"at":1}', '{"at":"x","type":"attempt"}', '{"at":1,"type":"retry","requestId":"r"}'];
    const odd = ['{"at":1,"type":"__proto__"}', '{"at":1,"type":"constructor","requestId":"r"}', '{"at":1,"type":"gauges"}'];
    await writeFile(path, [...lines, ...odd, good.slice(0, 40)].join('\n'));
    expect(await readLifecycle(path)).toEqual([JSON.parse(good)]);
  });

  it('rejects where there is none', async () => {
    await expect(readLifecycle(join(await directory(), 'none.ndjson'))).rejects.toThrow('ENOENT');
  });
});

describe('options', () => {
  it('that are bad are refused at once, by name', () => {
    const { lifecycle$ } = source();
    const wrong = (options: object) => () => recordLifecycle(options as Parameters<typeof recordLifecycle>[0], '/dev/null');
    expect(wrong({})).toThrow(new TypeError('recordLifecycle: client is missing: give client or clients'));
    expect(wrong({ client: {} })).toThrow(/^recordLifecycle: client must have a lifecycle\$/);
    expect(wrong({ client: { lifecycle$ }, maxBytes: 0 })).toThrow(/^recordLifecycle: maxBytes must be a whole number/);
    expect(wrong({ client: { lifecycle$ }, bytes: 1 })).toThrow('recordLifecycle: bytes is not an option');
    expect(wrong({ client: { lifecycle$ }, budget: {} })).toThrow('recordLifecycle: budget must be made with createRetryBudget()');
  });
});
