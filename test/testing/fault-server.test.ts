import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  anthropicError,
  anthropicEvents,
  type FaultServer,
  openaiChunks,
  openaiError,
  type Script,
  startFaultServer,
} from '../../src/testing/fault-server.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

async function start(script?: Script): Promise<FaultServer> {
  const server = await startFaultServer(script);
  opened.push(() => server.close());
  return server;
}

function post(server: FaultServer, init: RequestInit & { path?: string } = {}): Promise<Response> {
  const { path = 'chat/completions', ...rest } = init;
  return fetch(`${server.url}/${path}`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm-1', stream: true }),
    redirect: 'manual',
    ...rest,
  });
}

/** A client that sends one request over a bare socket and keeps what it gets. */
class BareClient {
  readonly socket: Socket;
  readonly pieces: Buffer[] = [];
  failure: NodeJS.ErrnoException | undefined;
  readonly over: Promise<void>;

  constructor(server: FaultServer, path = '/v1/chat/completions') {
    this.socket = connect(server.port, '127.0.0.1');
    this.socket.on('data', (piece) => this.pieces.push(piece));
    this.socket.on('error', (error) => {
      this.failure = error;
    });
    this.over = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.ask(path, '{"model":"m-1"}');
    opened.push(async () => void this.socket.destroy());
  }

  ask(path: string, body: string): void {
    this.socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString('utf8');
  }

  get head(): string {
    return this.text.slice(0, this.text.indexOf('\r\n\r\n'));
  }

  /** The chunks of a chunked body, an empty one being the end. */
  get chunks(): Buffer[] {
    let rest = Buffer.concat(this.pieces);
    rest = rest.subarray(rest.indexOf('\r\n\r\n') + 4);
    const chunks: Buffer[] = [];
    while (rest.length > 0) {
      const line = rest.indexOf('\r\n');
      const size = Number.parseInt(rest.subarray(0, line).toString('latin1'), 16);
      chunks.push(rest.subarray(line + 2, line + 2 + size));
      rest = rest.subarray(line + 2 + size + 2);
    }
    return chunks;
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  /** Until this has been received. */
  async until(received: (text: string) => boolean): Promise<void> {
    while (!received(this.text)) await once(this.socket, 'data');
  }
}

/** The answer as bytes on a bare connection, once it is over or its body has ended. */
async function bytesOf(answer: Answer, path?: string): Promise<BareClient> {
  const server = await start([answer]);
  const client = new BareClient(server, path);
  await Promise.race([client.over, (await server.request(0)).ended.then(() => client.until((text) => /(^|\n)0\r\n\r\n$/.test(text)))]);
  return client;
}

const openai = '/v1/chat/completions';
const anthropic = '/v1/messages';
const messages = (text: string): string[] => text.split('\n\n').filter((each) => each !== '');

describe('good answers', () => {
  it('speaks Chat Completions', async () => {
    const server = await start([
      {
        text: 'Hello there',
        reasoning: 'Hm',
        toolCalls: [{ name: 'search', inputFragments: ['{"q":', '1}'] }],
        usage: { inputTokens: 3, outputTokens: 4, cachedInputTokens: 2 },
      },
    ]);
    const response = await post(server);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-request-id')).toBe('req_fault_0');
    const all = messages(await response.text());
    expect(all.pop()).toBe('data: [DONE]');
    const chunks = all.map((each) => JSON.parse(each.slice('data: '.length)));
    expect(chunks.flatMap((each) => each.choices).map((each) => each.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { reasoning_content: 'Hm' },
      { content: 'Hello' },
      { content: ' there' },
      { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'search', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"q":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '1}' } }] },
      {},
    ]);
    expect(chunks.at(-2)).toMatchObject({ model: 'm-1', choices: [{ finish_reason: 'tool_calls' }], usage: null });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, prompt_tokens_details: { cached_tokens: 2 } },
    });
  });

  it('speaks Messages', async () => {
    const server = await start([{ text: 'Hello there', reasoning: 'Hm', toolCalls: [{ name: 'search', input: { q: 1 } }] }]);
    const response = await post(server, { path: 'messages' });
    expect(response.headers.get('request-id')).toBe('req_fault_0');
    const all = messages(await response.text()).map((each) => each.split('\n'));
    const events = all.map(([, data = '']) => JSON.parse(data.slice('data: '.length)));
    expect(all.map(([name]) => name)).toEqual(events.map((each) => `event: ${each.type}`));
    expect(
      events.map((each) => [each.type, each.index, each.delta?.type ?? each.content_block?.type].filter((part) => part !== undefined)),
    ).toEqual([
      ['message_start'],
      ['content_block_start', 0, 'thinking'],
      ['content_block_delta', 0, 'thinking_delta'],
      ['content_block_delta', 0, 'signature_delta'],
      ['content_block_stop', 0],
      ['content_block_start', 1, 'text'],
      ['content_block_delta', 1, 'text_delta'],
      ['content_block_delta', 1, 'text_delta'],
      ['content_block_stop', 1],
      ['content_block_start', 2, 'tool_use'],
      ['content_block_delta', 2, 'input_json_delta'],
      ['content_block_delta', 2, 'input_json_delta'],
      ['content_block_stop', 2],
      ['message_delta'],
      ['message_stop'],
    ]);
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 4 } });
  });

  it('refuses in the words of each provider, and leaves usage out when asked to', () => {
    expect(openaiChunks({ refusal: 'No.', usage: null }).join('')).toContain('"refusal":"No."');
    expect(openaiChunks({ refusal: 'No.', usage: null }).join('')).not.toContain('usage');
    expect(anthropicEvents({ refusal: 'No.' }).join('')).toContain('"stop_reason":"refusal"');
    expect(anthropicEvents({ text: 'x', usage: null }).join('')).not.toContain('usage');
  });

  it('takes the wire format from the answer where it is given', async () => {
    const server = await start({ text: 'x', wire: 'anthropic' });
    expect(await (await post(server)).text()).toContain('message_stop');
    expect(server.requests[0]?.wire).toBe('anthropic');
  });
});

describe('the script', () => {
  it('gives the n-th answer to the n-th request, then says that it has no more', async () => {
    const server = await start([{ status: 503 }, { text: 'one' }]);
    expect(server.remaining).toBe(2);
    expect((await post(server)).status).toBe(503);
    expect(await (await post(server)).text()).toContain('one');
    const beyond = await post(server);
    expect(beyond.status).toBe(500);
    expect((await beyond.json()).error.message).toBe('fault server: the script has 2 answers, and this is request 3');
    expect(server.requests.map((each) => each.scripted)).toEqual([true, true, false]);
  });

  it('can be one answer for all, a function, replaced and extended', async () => {
    const server = await start({ status: 500 });
    expect([(await post(server)).status, (await post(server)).status]).toEqual([500, 500]);
    server.append({ status: 429 });
    expect([(await post(server)).status, (await post(server)).status]).toEqual([429, 500]);
    server.script(async (request, index) => ({
      status: 200 + index,
      body: `${request.path} ${(request.body as { model: string }).model}`,
    }));
    await post(server);
    const second = await post(server, { path: 'x/chat/completions?a=1' });
    expect([second.status, await second.text()]).toEqual([201, '/v1/x/chat/completions?a=1 m-1']);
  });

  it('tells of its own mistakes', async () => {
    const server = await start(() => {
      throw new Error('oh');
    });
    expect((await (await post(server)).json()).error.message).toBe('fault server: the script threw Error: oh');
    server.script({ text: 'x', split: 0 });
    expect((await (await post(server)).json()).error.message).toContain('split: 0');
    server.script({ status: 500, headers: { 'bad name': 'x' } });
    expect((await (await post(server)).json()).error.message).toContain('bad name');
    const failing = function* (): Generator<string> {
      yield 'data: 1\n\n';
      throw new Error('oh');
    };
    server.script({ events: failing() });
    await expect(post(server).then((response) => response.text())).rejects.toThrow('terminated');
    expect(server.requests.map((each) => String(each.problem))).toEqual([
      'Error: oh',
      expect.stringContaining('RangeError'),
      expect.stringContaining('bad name'),
      'Error: oh',
    ]);
    expect(server.requests[3]?.outcome).toBe('cut');
  });
});

describe('what it saw', () => {
  it('records requests, and connections used again', async () => {
    const server = await start({ text: 'x' });
    const early = server.request(1);
    const client = new BareClient(server);
    await client.until((text) => text.endsWith('\r\n0\r\n\r\n'));
    client.ask('/v1/other?a=1', 'not JSON');
    await early;
    await (await post(server, { headers: { authorization: 'Bearer k' } })).text();
    const [first, second, third] = server.requests;
    expect(first).toMatchObject({ index: 0, connection: 1, method: 'POST', path: openai, headers: { host: 'x' }, body: { model: 'm-1' } });
    expect(second).toMatchObject({ index: 1, connection: 1, path: '/v1/other?a=1', text: 'not JSON', body: undefined });
    expect(third).toMatchObject({ index: 2, connection: 2, headers: { authorization: 'Bearer k' } });
    expect(await early).toBe(second);
    expect(await second?.ended).toBe('complete');
    expect(second?.bytesSent).toBe(Buffer.byteLength(openaiChunks({ text: 'x', model: 'fault-server' }).join('')));
    expect(second?.closedAt).toBeUndefined();
  });

  it.each<[string, Answer]>([
    ['before the headers', { after: 'request', fault: 'stall' }],
    ['after the headers', { after: 'headers', fault: 'stall' }],
    ['in a delay', { text: 'x', headersDelay: 60_000 }],
    ['in a stall', { text: ['a', 'b'], after: 1, fault: 'stall' }],
    ['in a stall with heartbeats', { text: ['a', 'b'], after: 1, fault: 'stall', heartbeat: 1 }],
    ['while it is held', { text: 'a', fault: { wait: new Promise(() => undefined) } }],
    ['in an endless line', { text: 'a', fault: 'endless-line' }],
    ['in a drip', { text: 'a', repeat: Number.POSITIVE_INFINITY, tokenDelay: 1 }],
    ['after the end marker', { text: 'a', after: 'end', fault: 'stall' }],
  ])('reports an abort %s', async (_, answer) => {
    const server = await start([answer]);
    const controller = new AbortController();
    const answered = post(server, { signal: controller.signal }).then((response) => response.text());
    const request = await server.request(0);
    expect(request.outcome).toBeUndefined();
    controller.abort();
    await expect(answered).rejects.toThrow('abort');
    expect(await request.ended).toBe('aborted');
    expect(request.aborted).toBe(true);
    expect(await request.closed).toBe(request.closedAt);
    expect(request.closedAt).toBeGreaterThanOrEqual(request.receivedAt);
  });

  it('reports a client that leaves at once', async () => {
    const server = await start([{ text: 'x', fault: 'stall' }]);
    const client = new BareClient(server);
    client.socket.once('ready', () => client.socket.destroySoon());
    expect(await (await server.request(0)).ended).toBe('aborted');
  });

  it('reports no abort when the client leaves after a whole answer', async () => {
    const server = await start([{ text: 'x' }]);
    const client = new BareClient(server);
    const request = await server.request(0);
    expect(await request.ended).toBe('complete');
    client.socket.destroy();
    await request.closed;
    expect([request.outcome, request.aborted]).toEqual(['complete', false]);
  });
});

describe('statuses and bodies', () => {
  it.each<[string, Answer, [number, string | null, string]]>([
    ['JSON', { status: 503, body: { error: { message: 'busy' } } }, [503, 'application/json', '{"error":{"message":"busy"}}']],
    ['HTML', { status: 502, body: '<html></html>' }, [502, 'text/html; charset=utf-8', '<html></html>']],
    ['text', { status: 529, body: 'busy' }, [529, 'text/plain; charset=utf-8', 'busy']],
    ['bytes', { body: Uint8Array.of(65) }, [200, 'application/octet-stream', 'A']],
    ['an empty error', { status: 401 }, [401, null, '']],
    ['an empty 200', { events: [] }, [200, 'text/event-stream; charset=utf-8', '']],
    ['no content', { status: 204 }, [204, null, '']],
    ['JSON in place of a stream', { body: { error: 'x' } }, [200, 'application/json', '{"error":"x"}']],
    ['a stream without a type', { events: ['data: 1\n\n'], headers: { 'content-type': null } }, [200, null, 'data: 1\n\n']],
    ['a page called a stream', { body: '<p>', headers: { 'Content-Type': 'text/event-stream' } }, [200, 'text/event-stream', '<p>']],
  ])('%s', async (_, answer, expected) => {
    const response = await post(await start([answer]));
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual(expected);
  });

  it('sends headers, also repeated ones', async () => {
    const response = await post(
      await start([{ status: 429, headers: { 'retry-after': 7, 'set-cookie': ['a=1', 'b=2'], 'x-request-id': null } }]),
    );
    expect(response.headers.get('retry-after')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.has('x-request-id')).toBe(false);
  });

  it('redirects, to itself and to another origin', async () => {
    const other = await start({ text: 'elsewhere' });
    const server = await start([
      { status: 307, headers: { location: '/v1/moved' } },
      { status: 308, headers: { location: `${other.url}/x` } },
    ]);
    const response = await post(server, { redirect: 'follow' });
    expect(await response.text()).toContain('elsewhere');
    expect(server.requests.map((each) => each.path)).toEqual([openai, '/v1/moved']);
    expect(other.requests[0]?.method).toBe('POST');
  });

  it('an error body without an end, bounded', async () => {
    const server = await start([{ status: 500, body: 'x', fault: { endless: 'yz' }, maxBytes: 100_000, bytesPerSecond: 1e9 }]);
    const client = new BareClient(server);
    await client.over;
    expect(client.head).toContain('HTTP/1.1 500');
    expect(client.body).toMatch(/^x(yz)+y?$/);
    expect(server.requests[0]?.outcome).toBe('cut');
    expect(server.requests[0]?.bytesSent).toBeGreaterThanOrEqual(100_000);
  });
});

describe('connections', () => {
  it('refuses, by address and by turn', async () => {
    const server = await start({ text: 'x' });
    const refused = await server.refusedUrl();
    await expect(fetch(refused)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await (await post(server)).text();
    server.refuse();
    await server.requests[0]?.closed;
    const client = new BareClient(server);
    await client.over;
    expect(client.failure?.code).toBe('ECONNREFUSED');
    await server.accept();
    await server.accept();
    expect((await post(server)).status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, Answer, RegExp]>([
    ['before the headers', { after: 'request', fault: 'reset' }, /^$/],
    ['after the headers', { after: 'headers', fault: 'reset' }, /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n$/],
    ['after the preamble', { text: ['Hel', 'lo'], after: 0, fault: 'reset' }, /"role":"assistant".*\n\n\r\n$/],
    ['after a delta', { text: ['Hel', 'lo'], after: 1, fault: 'reset' }, /"content":"Hel".*\n\n\r\n$/],
    ['after all deltas', { text: ['Hel', 'lo'], fault: 'reset' }, /"content":"lo".*\n\n\r\n$/],
    ['at the latest after all deltas', { text: ['Hel', 'lo'], after: 99, fault: 'reset' }, /"content":"lo".*\n\n\r\n$/],
    ['after the finish reason', { text: 'Hello', after: 'finish-reason', fault: 'reset' }, /"finish_reason":"stop".*\n\n\r\n$/],
    ['after the end marker', { text: 'Hello', after: 'end', fault: 'reset' }, /data: \[DONE\]\n\n\r\n$/],
    ['in the middle of a body', { body: 'Hello', after: 3, fault: 'reset' }, /\r\n3\r\nHel\r\n$/],
    ['in bare bytes', { raw: 'Hello', after: 3, fault: 'reset' }, /^Hel$/],
  ])('resets %s', async (_, answer, received) => {
    const server = await start([answer]);
    const client = new BareClient(server);
    await client.over;
    expect(client.failure?.code).toBe('ECONNRESET');
    expect(client.text).toMatch(received);
    const request = await server.request(0);
    expect([await request.ended, request.aborted]).toEqual(['cut', false]);
  });

  it('lets fetch read what came before a reset', async () => {
    const response = await post(await start([{ text: ['Hel', 'lo'], after: 2, fault: 'reset' }]));
    let text = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) text += decoder.decode(bytes, { stream: true });
    })();
    await expect(reading).rejects.toThrow('terminated');
    expect(text).toMatch(/"content":"lo".*\n\n$/);
  });

  it('closes without an answer', async () => {
    const client = await bytesOf({ after: 'request', fault: 'end' });
    expect([client.text, client.failure]).toEqual(['', undefined]);
  });
});

describe('headers', () => {
  it('late', async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await start([
      { text: 'x', after: 'request', fault: { wait: held } },
      { status: 503, headersDelay: 30 },
    ]);
    const answered = post(server);
    const request = await server.request(0);
    expect([request.bytesSent, request.outcome]).toEqual([0, undefined]);
    release?.();
    expect(await (await answered).text()).toContain('[DONE]');
    const begin = performance.now();
    expect((await post(server)).status).toBe(503);
    expect(performance.now() - begin).toBeGreaterThan(25);
  });

  it('byte by byte', async () => {
    const client = await bytesOf({ text: 'Hello', headersDrip: 0 });
    expect(client.pieces.length).toBeGreaterThan(20);
    expect(client.head).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-type: text\/event-stream[\s\S]*connection: close$/);
    expect(client.text).toMatch(/\r\n\r\ndata: [\s\S]*\[DONE\]\n\n$/);
    expect(await (await post(await start([{ text: 'Hello', headersDrip: 0 }]))).text()).toContain('Hello');
  });

  it.each<[string, Answer, RegExp]>([
    ['a status line', { after: 'request', fault: 'endless-status-line', bytesPerSecond: 5000 }, /^HTTP\/1.1 200 x+$/],
    ['headers', { after: 'request', fault: 'endless-headers', bytesPerSecond: 5000 }, /^HTTP\/1.1 200 OK\r\n(x-endless: x\r\n)+[^\n]*\r?$/],
  ])('%s without an end', async (_, answer, received) => {
    const server = await start([answer]);
    const client = new BareClient(server);
    await client.until((text) => text.length > 400);
    expect(client.text).toMatch(received);
    client.socket.destroy();
    expect(await (await server.request(0)).ended).toBe('aborted');
  });

  it('bare bytes before the real ones', async () => {
    const client = await bytesOf({ text: 'x', after: 'request', fault: { send: 'HTTP/1.1 103 Early Hints\r\n\r\n' } });
    expect(client.text).toMatch(/^HTTP\/1.1 103 Early Hints\r\n\r\nHTTP\/1.1 200 OK\r\n/);
  });
});

describe('the middle and the end', () => {
  it.each<[string, Answer, string, string | RegExp]>([
    ['a clean end after a delta', { text: ['Hel', 'lo'], after: 1, fault: 'end' }, openai, /"content":"Hel".*\n\n$/],
    ['the same of Anthropic', { text: ['Hel', 'lo'], after: 1, fault: 'end' }, anthropic, /"text":"Hel".*\n\n$/],
    [
      'Anthropic without deltas',
      { text: 'Hello', after: 0, fault: 'end' },
      anthropic,
      /^event: message_start\n.*\n\nevent: content_block_start\n.*\n\n$/,
    ],
    ['all deltas and no more', { text: 'Hello', fault: 'end' }, anthropic, /"text":"Hello".*\n\n$/],
    ['no [DONE]', { text: 'Hello', after: 'finish-reason', fault: 'end' }, openai, /"finish_reason":"stop".*\n\n$/],
    ['no message_stop', { text: 'Hello', after: 'finish-reason', fault: 'end' }, anthropic, /"stop_reason":"end_turn".*\n\n$/],
    ['an error before content', { text: 'Hello', after: 'headers', fault: 'error-event' }, openai, openaiError()],
    [
      'an error after content',
      { text: 'Hello', fault: 'error-event' },
      anthropic,
      /"text":"Hello"[\s\S]*event: error\n.*overloaded_error.*\n\n$/,
    ],
    [
      'an error of your own',
      { after: 'headers', fault: { error: { type: 'api_error' } } },
      anthropic,
      anthropicError({ type: 'api_error' }),
    ],
    [
      'malformed JSON, then the rest',
      { text: ['a', 'b'], after: 1, fault: 'malformed' },
      openai,
      /"content":"a".*\n\n.*"x\n\n.*"content":"b"[\s\S]*DONE/,
    ],
    [
      'events after the end',
      { text: 'a', after: 'end', fault: { send: ['data: 1\n\n', 'data: 2\n\n'] } },
      openai,
      /DONE\]\n\ndata: 1\n\ndata: 2\n\n$/,
    ],
    ['events of your own', { events: ['data: 1\n\n', 'data: 2\n\n'], after: 1, fault: 'end' }, openai, 'data: 1\n\n'],
    ['a last message without an end', { events: ['data: 1\n\n', 'data: 2\n\n'], unterminated: true }, openai, 'data: 1\n\ndata: 2'],
  ])('%s', async (_, answer, path, expected) => {
    const client = await bytesOf(answer, path);
    expect(client.chunks.at(-1)?.length).toBe(0);
    if (typeof expected === 'string') expect(client.body).toBe(expected);
    else expect(client.body).toMatch(expected);
  });

  it('several steps, one after the other', async () => {
    const server = await start([{ events: ['data: 1\n\n'], fault: ['error-event', { wait: 1 }, { send: ':\n\n' }, 'truncate'] }]);
    const client = new BareClient(server);
    await client.over;
    expect(client.body).toBe(`data: 1\n\n${openaiError()}:\n\n`);
    expect(client.failure).toBeUndefined();
  });

  it('chunked encoding without its last chunk', async () => {
    const client = await bytesOf({ text: 'Hello', fault: 'truncate' });
    expect(client.failure).toBeUndefined();
    expect(client.chunks.at(-1)?.toString()).toContain('Hello');
  });

  it('less and more than the content length', async () => {
    const short = await start([{ body: 'Hello', headers: { 'content-length': 100 } }]);
    await expect((await post(short)).text()).rejects.toThrow('terminated');
    expect(short.requests[0]?.outcome).toBe('cut');
    const long = await bytesOf({ body: 'Hello', headers: { 'content-length': 2, connection: 'close' } });
    expect(long.text).toMatch(/content-length: 2\r\n[\s\S]*\r\n\r\nHello$/);
  });

  it.each([
    [openai, ': keep-alive\n\n'],
    [anthropic, 'event: ping\ndata: {"type":"ping"}\n\n'],
  ])('a stall with signs of life on %s', async (path, sign) => {
    const server = await start([{ text: ['a', 'b'], after: 1, fault: 'stall', heartbeat: 2 }]);
    const client = new BareClient(server, path);
    await client.until((text) => text.split(sign).length > 4);
    expect(client.body.endsWith(sign.repeat(3))).toBe(true);
    expect((await server.request(0)).outcome).toBeUndefined();
  });

  it('silence in a stall', async () => {
    const server = await start([{ text: ['a', 'b'], after: 1, fault: 'stall' }]);
    const client = new BareClient(server);
    await client.until((text) => text.includes('"content":"a"'));
    const before = client.text;
    await expect(once(client.socket, 'data', { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    expect(client.text).toBe(before);
  });

  it('a drip', async () => {
    const begin = performance.now();
    const client = await bytesOf({ text: 'x', repeat: 5, tokenDelay: 10 });
    expect(performance.now() - begin).toBeGreaterThan(45);
    expect(client.body.match(/"content":"x"/g)).toHaveLength(5);
  });

  it('a line without an end', async () => {
    const server = await start([{ text: 'Hello', fault: 'endless-line', bytesPerSecond: 1e8 }]);
    const client = new BareClient(server);
    await client.until((text) => text.length > 200_000);
    expect(client.body.split('\n').at(-1)).toMatch(/^data: .*x{100}/);
    client.socket.destroy();
    const request = await server.request(0);
    expect(await request.ended).toBe('aborted');
    expect(request.bytesSent).toBeGreaterThan(200_000);
  });

  it('a firehose that respects back-pressure', async () => {
    const server = await start([{ text: 'x', repeat: Number.POSITIVE_INFINITY, split: 65_536 }]);
    const response = await post(server);
    const reader = response.body?.getReader();
    let read = 0;
    while (read < 5_000_000) read += (await reader?.read())?.value?.length ?? Number.NaN;
    const request = await server.request(0);
    // Whoever stops reading stops the server: what it sends stays within the buffers of the sockets.
    let before = -1;
    while (before !== request.bytesSent) {
      before = request.bytesSent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(before).toBeLessThan(50_000_000);
    await reader?.cancel();
    expect(await request.ended).toBe('aborted');
    expect(request.bytesSent).toBeGreaterThanOrEqual(read);
  });
});

describe('bytes', () => {
  const whole = openaiChunks({ text: 'Grüße 🌊', model: 'm-1' }).join('');

  it('each a write of its own', async () => {
    const client = await bytesOf({ text: 'Grüße 🌊', split: 'byte' });
    expect(new Set(client.chunks.slice(0, -1).map((chunk) => chunk.length))).toEqual(new Set([1]));
    expect(client.body).toBe(whole);
    const response = await post(await start([{ text: 'Grüße 🌊', split: 'byte' }]));
    expect(await response.text()).toBe(whole);
  });

  it('cut every n, and at given offsets, across messages', async () => {
    const every = await bytesOf({ text: 'Grüße 🌊', split: 7 });
    expect(new Set(every.chunks.slice(0, -2).map((chunk) => chunk.length))).toEqual(new Set([7]));
    expect(every.body).toBe(whole);
    const wave = Buffer.from(whole).indexOf('🌊');
    const offsets = await bytesOf({ text: 'Grüße 🌊', split: [1, wave + 2] });
    expect(offsets.chunks.map((chunk) => chunk.length)).toEqual([1, wave + 1, Buffer.byteLength(whole) - wave - 2, 0]);
    expect(offsets.body).toBe(whole);
  });

  it('one write a message', async () => {
    const client = await bytesOf({ text: 'Grüße 🌊' });
    expect(client.chunks.map(String)).toEqual([...openaiChunks({ text: 'Grüße 🌊', model: 'm-1' }), '']);
  });

  it.each([
    ['\r', 'a\r\rb\r\r'],
    ['\r\n', 'a\r\n\r\nb\r\n\r\n'],
    ['mixed', 'a\r\n\nb\r\r\n'],
  ] as const)('lines end with %j', async (lineEnding, expected) => {
    expect((await bytesOf({ events: ['a\n\n', 'b\n\n'], lineEnding })).body).toBe(expected);
  });

  it('a byte order mark, and comments between messages', async () => {
    const client = await bytesOf({ events: ['a\n\n', 'b\n\n'], byteOrderMark: true, between: ':\n\n' });
    expect(client.body).toBe('\uFEFFa\n\n:\n\nb\n\n');
  });

  it('anything at all', async () => {
    const client = await bytesOf({ raw: ['HTTP/1.1 2', Uint8Array.of(0xff), 'x'] });
    expect(Buffer.concat(client.pieces)).toEqual(Buffer.from('HTTP/1.1 2\xffx', 'latin1'));
    expect(client.failure).toBeUndefined();
    const server = await start([{ raw: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n' }]);
    await expect(post(server).then((response) => response.text())).rejects.toThrow(/fetch failed|terminated/);
  });
});

describe('close()', () => {
  it('ends everything, once', async () => {
    const server = await start([
      { after: 'request', fault: 'stall' },
      { text: 'a', fault: 'stall' },
      { text: 'a', repeat: Number.POSITIVE_INFINITY },
    ]);
    const clients = [new BareClient(server), new BareClient(server), new BareClient(server)];
    clients[2]?.socket.pause();
    const requests = await Promise.all([server.request(0), server.request(1), server.request(2)]);
    const never = server.request(3);
    await Promise.all([server.close(), server.close()]);
    await expect(never).rejects.toThrow('closed before request 3');
    await expect(server.request(4)).rejects.toThrow('closed');
    expect(await Promise.all(requests.map((each) => each.ended))).toEqual(['closed', 'closed', 'closed']);
    expect(requests.map((each) => [each.aborted, typeof each.closedAt])).toEqual(requests.map(() => [false, 'number']));
    await expect(post(server)).rejects.toThrow('fetch failed');
  });

  it('leaves no timer and no socket', async () => {
    const before = process.getActiveResourcesInfo().length;
    const server = await start([
      { text: 'a', fault: 'stall', heartbeat: 60_000 },
      { text: 'a', headersDelay: 60_000 },
    ]);
    await server.refusedUrl();
    const clients = [new BareClient(server), new BareClient(server)];
    await Promise.all([server.request(0), server.request(1)]);
    await server.close();
    await Promise.all(clients.map((each) => each.over));
    await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
  });

  it('also after refuse(), and before anything', async () => {
    const server = await start();
    server.refuse();
    await server.close();
    await (await start()).close();
  });
});
