import { config, Observable, of, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  classifyErrors,
  createClient,
  fetchTransport,
  holdUntilContent,
  isProviderError,
  type StreamEvent,
  streamTimeout,
  type Transport,
  textDeltas,
} from '../../src/index.ts';
import {
  about,
  afterwards,
  apiKey,
  clientOf,
  collect,
  expectAborted,
  expectError,
  expectText,
  messagesOf,
  providerOf,
  quiet,
  request,
  serve,
  type Wire,
  wires,
  within,
} from './support.ts';

/** What would end a host that has no handler for it. */
const escaped: unknown[] = [];
const note = (reason: unknown): void => {
  escaped.push(reason);
};

beforeEach(() => {
  escaped.length = 0;
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterEach(async () => {
  await quiet(30);
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  expect(escaped).toEqual([]);
});

type Fetch = typeof globalThis.fetch;
type Chunk = Uint8Array | (() => unknown);

const encoder = new TextEncoder();

/** A response over a reader that does as it is told: gives chunks, fails, hangs. */
function response(chunks: readonly Chunk[], reader: { cancel?: () => unknown; releaseLock?: () => unknown } = {}): Response {
  const rest = [...chunks];
  const body = {
    locked: false,
    cancel: reader.cancel ?? (async () => undefined),
    getReader: () => ({
      closed: Promise.resolve(),
      releaseLock: () => undefined,
      cancel: async () => undefined,
      ...reader,
      read: async () => {
        const next = rest.shift();
        if (next === undefined) return { done: true, value: undefined };
        return typeof next === 'function' ? await next() : { done: false, value: next };
      },
    }),
  };
  const headers = new Headers({ 'content-type': 'text/event-stream' });
  return { ok: true, status: 200, type: 'basic', headers, body } as unknown as Response;
}

function clientOver(wire: Wire, fetch: Fetch, settings: Parameters<typeof clientOf>[2] = {}) {
  return clientOf(wire, 'http://127.0.0.1:1/v1', { transport: fetchTransport({ fetch }), ...settings });
}

const bytesOf = (wire: Wire, text: string[]): Uint8Array[] => messagesOf(wire, { text }).map((message) => encoder.encode(message));
const hang = () => new Promise<never>(() => undefined);
const once = { retry: { maxAttempts: 1 } };

describe.each(wires)('%s', (wire) => {
  const begun = () => bytesOf(wire, ['Hel', 'lo']).slice(0, about[wire].opening + 1);

  const cancels: Record<string, () => unknown> = {
    rejects: async () => Promise.reject(new Error('cancel failed')),
    'never settles': hang,
    throws: () => {
      throw new Error('cancel threw');
    },
    'returns nothing': () => undefined,
  };
  for (const [what, cancel] of Object.entries(cancels)) {
    it(`a reader whose cancel() ${what} does no harm when the consumer leaves`, async () => {
      const client = clientOver(wire, async () => response([...begun(), hang], { cancel }));
      await within(
        new Promise<void>((resolve, reject) => {
          const subscription = client
            .stream(request)
            .pipe(textDeltas())
            .subscribe({
              next: () =>
                setImmediate(() => {
                  try {
                    subscription.unsubscribe();
                    resolve();
                  } catch (error) {
                    reject(error);
                  }
                }),
            });
        }),
      );
    });

    it(`a reader whose cancel() ${what} does no harm at a deadline`, async () => {
      const client = clientOver(wire, async () => response([...begun(), hang], { cancel }), { ...once, timeout: { idle: 80 } });
      expectError(await collect(client.stream(request)), { category: 'timeout', timeout: 'idle' });
    });

    it(`a body whose cancel() ${what} does no harm when fetch resolves after everybody has left`, async () => {
      let resolve = (_response: Response): void => undefined;
      const late = new Promise<Response>((settle) => {
        resolve = settle;
      });
      const subscription = clientOver(wire, () => late)
        .stream(request)
        .subscribe();
      await quiet(10);
      subscription.unsubscribe();
      resolve(response(begun(), { cancel }));
      await quiet(30);
    });
  }

  it('a fetch that throws at once is an error of the stream', async () => {
    const fetch = (() => {
      throw new Error('no fetch today');
    }) as unknown as Fetch;
    expectError(await collect(clientOver(wire, fetch, once).stream(request)), { category: ['unknown', 'network'] });
  });

  it('a fetch that rejects after everybody has left does no harm', async () => {
    let reject = (_error: Error): void => undefined;
    const late = new Promise<Response>((_, settle) => {
      reject = settle;
    });
    const subscription = clientOver(wire, () => late)
      .stream(request)
      .subscribe();
    subscription.unsubscribe();
    reject(new TypeError('fetch failed'));
    await quiet(30);
  });

  it('a fetch that ignores the abort and never settles is left at the deadline', async () => {
    const ending = await collect(clientOver(wire, hang, { ...once, timeout: { headers: 80 } }).stream(request));
    expectError(ending, { category: 'timeout', timeout: 'headers' });
  });

  const nonsense: Record<string, unknown> = {
    undefined: undefined,
    'an empty object': {},
    'a string': 'ok',
    'a response without headers': { ok: true, status: 200, body: null },
  };
  for (const [what, value] of Object.entries(nonsense)) {
    it(`a fetch that resolves to ${what} is an error of the stream`, async () => {
      const ending = await collect(clientOver(wire, (async () => value) as unknown as Fetch, once).stream(request));
      expectError(ending, { category: ['unknown', 'protocol', 'network'] });
    });
  }

  it('a fetch that rejects with nothing is an error of the stream', async () => {
    for (const reason of [undefined, null, 0, '', 'broken', {}, Object.create(null), Symbol('x')]) {
      const fetch = (() => Promise.reject(reason)) as Fetch;
      const ending = await collect(clientOver(wire, fetch, once).stream(request));
      expect(ending.completed).toBe(false);
    }
  });

  it('an error with hostile members is an error of the stream', async () => {
    const hostile = new Error('hostile');
    for (const member of ['status', 'code', 'cause', 'headers', 'response', 'error', 'name']) {
      Object.defineProperty(hostile, member, {
        get() {
          throw new Error(`${member} was read`);
        },
      });
    }
    const ending = await collect(clientOver(wire, (() => Promise.reject(hostile)) as Fetch, once).stream(request));
    expect(ending.completed).toBe(false);
  });

  it('an error that is its own cause is an error of the stream', async () => {
    const circular = new Error('circular') as Error & { cause?: unknown };
    circular.cause = circular;
    expectError(await collect(clientOver(wire, (() => Promise.reject(circular)) as Fetch, once).stream(request)), { category: 'unknown' });
  });

  it('a body that fails in the middle is an error with what was said', async () => {
    const failing = () => Promise.reject(new TypeError('terminated'));
    const ending = await collect(clientOver(wire, async () => response([...begun(), failing])).stream(request));
    expectError(ending, { category: 'network', gaveUp: 'content-delivered' });
    expect(ending.text).toBe('Hel');
  });

  it('a body that fails after everybody has left does no harm', async () => {
    let fail = (_error: Error): void => undefined;
    const late = () =>
      new Promise<never>((_, reject) => {
        fail = reject;
      });
    const client = clientOver(wire, async () => response([...begun(), late]));
    await within(
      new Promise<void>((resolve) => {
        const subscription = client
          .stream(request)
          .pipe(textDeltas())
          .subscribe(() => setTimeout(() => resolve(subscription.unsubscribe()), 5));
      }),
    );
    fail(new TypeError('terminated'));
    await quiet(20);
  });

  it('a body that fails after the end changes nothing', async () => {
    const failing = () => Promise.reject(new TypeError('terminated'));
    const ending = await collect(clientOver(wire, async () => response([...bytesOf(wire, ['Hel', 'lo']), failing])).stream(request));
    expectText(ending, 'Hello');
  });

  it('a body that gives the messages after the consumer left gives them to nobody', async () => {
    const seen: string[] = [];
    let give = (): void => undefined;
    const [first, ...others] = [...begun(), ...bytesOf(wire, ['lo'])];
    const late = () =>
      new Promise((resolve) => {
        give = () => resolve({ done: false, value: others[0] });
      });
    const client = clientOver(wire, async () => response([first as Uint8Array, late, ...others]));
    const subscription = client.stream(request).subscribe((event) => seen.push(event.type));
    await quiet(20);
    subscription.unsubscribe();
    const { length } = seen;
    give();
    await quiet(20);
    expect(seen).toHaveLength(length);
  });

  it('a body that gives text instead of bytes loses nothing silently', async () => {
    const messages = messagesOf(wire, { text: ['Hel', 'lo'] });
    const chunks = messages.map((message, index) =>
      index === messages.length - 2
        ? encoder.encode(message)
        : () => ({ done: false, value: index % 2 ? message : encoder.encode(message) }),
    );
    const ending = await collect(clientOver(wire, async () => response(chunks as Chunk[]), once).stream(request));
    if (ending.completed) expect(ending.text).toBe('Hello');
  });

  it('a response without a body is an error', async () => {
    const bodiless = { ok: true, status: 200, type: 'basic', headers: new Headers({ 'content-type': 'text/event-stream' }), body: null };
    expectError(await collect(clientOver(wire, (async () => bodiless) as unknown as Fetch, once).stream(request)), {
      category: ['protocol', 'interrupted'],
    });
  });

  for (const cut of [
    'net::ERR_HTTP2_PROTOCOL_ERROR',
    'net::ERR_CONNECTION_RESET',
    'net::ERR_NETWORK_CHANGED',
    'net::ERR_QUIC_PROTOCOL_ERROR',
  ]) {
    it(`${cut} is a failure of the network by its words alone (electron-h2-message-only)`, async () => {
      let requests = 0;
      const server = await serve({ text: 'Hello' });
      const fetch: Fetch = (...args) => (++requests === 1 ? Promise.reject(new Error(cut)) : globalThis.fetch(...args));
      const first = await collect(clientOf(wire, server.url, { transport: fetchTransport({ fetch }) }).stream(request));
      expectText(first, 'Hello');
      expect(requests).toBe(2);

      const failing = () => Promise.reject(new Error(cut));
      const second = await collect(clientOver(wire, async () => response([...begun(), failing])).stream(request));
      const error = expectError(second, { category: ['network', 'interrupted'], retryable: true });
      expect(error.partial?.text).toBe('Hel');
    });
  }

  it('an abort that nobody asked for is a failure of the network, and the breaker’s business (abort-nobody-asked-for)', async () => {
    const aborted = () => Promise.reject(new DOMException('The user agent aborted', 'AbortError'));
    const ending = await collect(clientOver(wire, async () => response([...begun(), aborted])).stream(request));
    const error = expectError(ending, { category: ['network', 'interrupted'], retryable: true });
    expect(error.partial?.text).toBe('Hel');
  });

  it('a rule whose when() throws does not hide the failure', async () => {
    const server = await serve({ status: 429 });
    const rules = [
      {
        when: () => {
          throw new Error('when threw');
        },
        category: 'unknown' as const,
      },
    ];
    expectError(await collect(clientOf(wire, server.url, { ...once, classify: { rules } }).stream(request)), { category: 'rate-limit' });
  });

  it('a random() that throws reaches the error channel', async () => {
    const server = await serve({ status: 503 });
    const random = () => {
      throw new Error('random threw');
    };
    const ending = await collect(clientOf(wire, server.url, { retry: { initialDelay: 60, jitter: 'full', random } }).stream(request));
    expect(ending.completed).toBe(false);
    expect(server.requests).toHaveLength(1);
  });

  const keys: Record<string, () => string | Promise<string>> = {
    throws: () => {
      throw new Error(`vault of ${apiKey} is closed`);
    },
    rejects: () => Promise.reject(new Error(`vault of ${apiKey} is closed`)),
    'rejects with nothing': () => Promise.reject(undefined),
    'returns a hostile thenable': () =>
      ({
        // biome-ignore lint/suspicious/noThenProperty: being hostile is the purpose
        get then() {
          throw new Error('then threw');
        },
      }) as unknown as Promise<string>,
  };
  for (const [what, key] of Object.entries(keys)) {
    it(`a key function that ${what} is an error of authentication, and no request`, async () => {
      const server = await serve({ text: 'Hello' });
      const ending = await collect(clientOf(wire, '', { provider: providerOf(wire, server.url, key) }).stream(request));
      expectError(ending, { category: 'authentication', phase: 'local' });
      expect(server.requests).toHaveLength(0);
    });
  }

  it('a key function that never settles is left at the deadline of the headers', async () => {
    const client = clientOf(wire, '', { provider: providerOf(wire, 'http://127.0.0.1:1/v1', hang), ...once, timeout: { headers: 80 } });
    expectError(await collect(client.stream(request)), { category: 'timeout', timeout: 'headers' });
  });

  it('a key that arrives or fails after the consumer left makes no request and does no harm', async () => {
    const server = await serve({ text: 'Hello' });
    for (const late of [() => quiet(20).then(() => 'late-key'), () => quiet(20).then(() => Promise.reject(new Error('late')))]) {
      clientOf(wire, '', { provider: providerOf(wire, server.url, late) })
        .stream(request)
        .subscribe()
        .unsubscribe();
    }
    await quiet(60);
    expect(server.requests).toHaveLength(0);
  });

  it('a provider whose parts throw is an error of the stream', async () => {
    const server = await serve({ text: 'Hello' });
    const good = providerOf(wire, server.url);
    const fails = (): never => {
      throw new Error('part threw');
    };
    const parts = [
      { request: fails },
      { decoder: fails },
      { decoder: () => ({ decode: fails }) },
      { decoder: () => ({ begin: fails, decode: () => [] }) },
      { decoder: () => ({ decode: () => [], end: fails }) },
    ];
    for (const part of parts) {
      const ending = await collect(clientOf(wire, '', { provider: { ...good, ...part }, ...once }).stream(request));
      expect(ending.completed).toBe(false);
    }
    const describing = { ...good, describeError: fails };
    server.script({ status: 429 });
    expectError(await collect(clientOf(wire, '', { provider: describing, ...once }).stream(request)), { category: 'rate-limit' });
  });

  it('a transport that throws, or fails in an odd way, is an error of the stream', async () => {
    const transports: Transport[] = [
      () => {
        throw new Error('transport threw');
      },
      () => throwError(() => undefined),
      () => undefined as never,
      () => of({ type: 'message', event: '', data: '{}', id: '' }),
    ];
    for (const transport of transports) {
      const ending = await collect(
        createClient({ provider: providerOf(wire, 'http://127.0.0.1:1/v1'), transport, retry: { maxAttempts: 1 } }).stream(request),
      );
      expect(ending.completed).toBe(false);
    }
  });

  it('a transport whose teardown throws does not keep a deadline, or the caller’s signal, from ending the stream', async () => {
    const transport: Transport = () =>
      new Observable(() => () => {
        throw new Error('teardown threw');
      });
    config.onUnhandledError = () => undefined;
    afterwards(() => {
      config.onUnhandledError = null;
    });
    const client = createClient({ provider: providerOf(wire, 'http://127.0.0.1:1/v1'), transport, retry: { maxAttempts: 1 } });
    expectError(await collect(client.stream(request, { timeout: { headers: 80, total: 2_000 } })), {
      category: 'timeout',
      timeout: 'headers',
    });
    const stop = new AbortController();
    const ended = collect(client.stream(request, { signal: stop.signal, timeout: { headers: 2_000 } }));
    stop.abort();
    expectError(await ended, { category: 'cancelled' });
  });

  it('an isContent() that throws reaches the error channel, and the request is aborted', async () => {
    const isContent = (): never => {
      throw new Error('isContent threw');
    };
    for (const operator of [
      holdUntilContent<StreamEvent>({ isContent }),
      classifyErrors<StreamEvent>({ isContent }),
      streamTimeout<StreamEvent>({ idle: 1_000, isContent }),
    ]) {
      const server = await serve({ text: 'x', repeat: 10_000, tokenDelay: 5 });
      const error = await within(
        new Promise<unknown>((resolve, reject) => {
          clientOf(wire, server.url)
            .stream(request)
            .pipe(operator)
            .subscribe({ error: resolve, complete: () => reject(new Error('completed')) });
        }),
      );
      const thrown = isProviderError(error) ? error.cause : error;
      expect(thrown).toMatchObject({ message: 'isContent threw' });
      await expectAborted(server.requests[0]);
    }
  });

  it('an observer that throws is reported once, and the stream goes on (adp-17)', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    afterwards(() => {
      config.onUnhandledError = null;
    });
    const server = await serve({ text: ['Hel', 'lo'] });
    const texts: string[] = [];
    let thrown = false;
    await within(
      new Promise<void>((resolve) => {
        clientOf(wire, server.url)
          .stream(request)
          .pipe(textDeltas())
          .subscribe({
            next: (text) => {
              texts.push(text);
              if (thrown) return;
              thrown = true;
              throw new Error('observer threw');
            },
            complete: resolve,
          });
      }),
    );
    await quiet(20);
    expect(texts.join('')).toBe('Hello');
    expect(reported).toHaveLength(1);
  });

  it('a listener to the lifecycle that throws does not disturb the stream', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    afterwards(() => {
      config.onUnhandledError = null;
    });
    const server = await serve({ text: 'Hello' });
    const client = clientOf(wire, server.url);
    client.lifecycle$.subscribe(() => {
      throw new Error('listener threw');
    });
    expectText(await collect(client.stream(request)), 'Hello');
    await quiet(20);
    expect(reported.length).toBeGreaterThan(0);
  });

  it('an error that nobody listens for is reported as rxjs does, once', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    afterwards(() => {
      config.onUnhandledError = null;
    });
    const server = await serve({ status: 400 });
    clientOf(wire, server.url).stream(request).subscribe();
    await (await server.request(0)).ended;
    await quiet(50);
    expect(reported).toMatchObject([{ category: 'invalid-request' }]);
  });
});
