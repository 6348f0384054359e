import { inspect } from 'node:util';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fetchTransport, type ProviderError, type StreamEvent } from '../../src/index.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import {
  clientOf,
  collect,
  type Ending,
  eventsOf,
  expectError,
  factories,
  providerOf,
  request,
  serve,
  unsafe,
  type Wire,
  wires,
} from './support.ts';

/** Everything of an error that somebody may print, log or show. */
function printed(error: ProviderError): Record<string, string> {
  return {
    message: error.message,
    stack: error.stack ?? '',
    toString: String(error),
    json: JSON.stringify(error),
    inspected: inspect(error),
    'inspected deep': inspect({ error, list: [error] }, { depth: 10, showHidden: false }),
    public: JSON.stringify(error.toPublic()),
    spread: JSON.stringify({ ...error }),
    fields: Object.values(error).map(String).join(),
  };
}

function everyError({ error, events }: Ending): ProviderError[] {
  return [...(error ? [error] : []), ...eventsOf(events as StreamEvent[], 'retry').map((event) => event.error)];
}

function expectNoSecret(ending: Ending, secret: string): void {
  const errors = everyError(ending);
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) {
    for (const [form, text] of Object.entries(printed(error))) {
      expect(text.includes(secret), `${form}: ${text.slice(0, 400)}`).toBe(false);
      expect(text.includes(secret.slice(0, 12)), `half a secret in ${form}: ${text.slice(0, 400)}`).toBe(false);
    }
  }
}

/** Keys as they are found: with a provider's prefix, and without anything that gives them away. */
const keys = {
  'with a known prefix': 'sk-ant-api03-Qw3rTy99UiOpAs-dfGhJk',
  'that looks like nothing': 'zq7Lx0vB5nM2cK8jH4gF1dS6aP3oI9uY',
  'that is long': 'Zq7Lx0vB5nM2cK8jH4gF1dS6aP3oI9uY'.repeat(3).concat('Wx4t'),
};

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function echoes(key: string): Record<string, Answer> {
  const words = `Incorrect API key provided: ${key}. (Authorization: Bearer ${key})`;
  return {
    'the message of an error': { status: 401, body: { error: { message: words, code: 'invalid_api_key' } } },
    'the text of an error': { status: 500, body: words },
    'the title of a page': { status: 502, body: `<html><title>${words}</title></html>` },
    'the code of an error': { status: 401, body: { error: { message: 'no', code: key, type: key } } },
    'a member of a validation': { status: 422, body: { detail: [{ loc: ['header', key], msg: words, type: key }] } },
    'the provider’s request id': { status: 500, headers: { 'x-request-id': key, 'request-id': key } },
    'a message, hundreds of times': { status: 500, body: { error: { message: `${key} `.repeat(300) } } },
    'a message, behind much text': { status: 500, body: { error: { message: `${'x '.repeat(500)}${key}` } } },
    'a message, across the limit of what is kept': { status: 500, body: { error: { message: `${'x'.repeat(1_024 - 10)}${key}` } } },
    'JSON with status 200': { body: { error: { message: words } } },
    'a page with status 200': { body: `<html><title>${words}</title></html>` },
    'a bare JSON error in the stream': {
      text: 'x',
      after: 0,
      fault: [{ send: `${JSON.stringify({ error: { message: words } })}\n` }, 'end'],
    },
    'an error event in the stream': { text: 'x', after: 0, fault: [{ send: data({ error: { message: words, code: 'x' } }) }, 'end'] },
    'the code of an error event in the stream': {
      text: 'x',
      after: 0,
      fault: [{ send: data({ error: { message: 'no', code: key, type: key } }) }, 'end'],
    },
    'an error event after content': { text: ['a', 'b'], after: 1, fault: [{ send: data({ error: { message: words } }) }, 'end'] },
    'the finish of an OpenRouter error': {
      text: 'x',
      after: 0,
      fault: [{ send: data({ error: { message: 'no', metadata: { raw: words } }, choices: [{ finish_reason: 'error' }] }) }, 'end'],
    },
    'a redirect': { status: 307, headers: { location: `https://evil.invalid/?key=${key}` } },
    'the request id of a body': { status: 400, body: { error: { message: 'no' }, request_id: key } },
  };
}

describe.each(wires)('%s', (wire) => {
  for (const [kind, key] of Object.entries(keys)) {
    for (const [place, answer] of Object.entries(echoes(key))) {
      it(`a key ${kind}, echoed in ${place}, is in no form of the error`, async () => {
        const server = await serve(answer);
        const client = clientOf(wire, '', { provider: providerOf(wire, server.url, key), retry: { maxAttempts: 2 } });
        expectNoSecret(await collect(client.stream(request)), key);
      });
    }

    it(`a key ${kind}, from a function, echoed, is in no form of the error`, async () => {
      const server = await serve({ status: 500, body: { error: { message: `Your key is ${key}` } } });
      const client = clientOf(wire, '', { provider: providerOf(wire, server.url, async () => key), retry: { maxAttempts: 2 } });
      expectNoSecret(await collect(client.stream(request)), key);
    });

    it(`a key ${kind}, in the words of a fetch that failed, is in no form of the error`, async () => {
      const server = await serve();
      const failing = async (): Promise<Response> => {
        throw new TypeError(`fetch failed: header x-api-key: ${key} (${key}) was refused`);
      };
      const client = clientOf(wire, '', {
        provider: providerOf(wire, server.url, key),
        transport: fetchTransport({ fetch: failing }),
        retry: { maxAttempts: 2 },
      });
      expectNoSecret(await collect(client.stream(request)), key);
    });

    it(`a key ${kind}, in a header of the user’s own, echoed, is in no form of the error`, async () => {
      const server = await serve({ status: 500, body: { error: { message: `x-tenant-token ${key} was refused` } } });
      const options = { apiKey: 'other-key-of-no-interest', baseURL: server.url, headers: { 'x-tenant-token': key } };
      const provider = factories[wire](options);
      expectNoSecret(await collect(clientOf(wire, '', { provider, retry: { maxAttempts: 2 } }).stream(request)), key);
    });

    it(`a key ${kind}, in the query of the address, echoed, is in no form of the error`, async () => {
      const server = await serve({ status: 404, body: `no such path: /v1/x?key=${key}&y=1 (${key})` });
      const options = { apiKey: 'other-key-of-no-interest', baseURL: `${server.url}?key=${key}` };
      const provider = factories[wire](options);
      expectNoSecret(await collect(clientOf(wire, '', { provider, retry: { maxAttempts: 2 } }).stream(request)), key);
    });
  }

  it('credentials in the address of a failed connection are in no form of the error', async () => {
    const server = await serve();
    const url = await server.refusedUrl();
    const ending = await collect(
      clientOf(wire, '', { provider: providerOf(wire, `${url}?api_key=zq7Lx0vB5nM2cK8j`), retry: { maxAttempts: 1 } }).stream(request),
    );
    expectNoSecret(ending, 'zq7Lx0vB5nM2cK8j');
  });

  it('an address with a password is refused at once, without saying it', () => {
    expect(() => providerOf(wire, 'https://user:hunter2hunter2@example.com/v1')).toThrow(TypeError);
    try {
      providerOf(wire, 'https://user:hunter2hunter2@example.com/v1');
    } catch (error) {
      expect(String(error)).not.toContain('hunter2');
    }
  });

  it('a key that a header cannot carry is refused at once, without saying it', () => {
    for (const key of ['sk-abc\ndef-secret', 'sk-ünïcode-secret', 'sk abc secret']) {
      expect(() => providerOf(wire, 'http://127.0.0.1/v1', key)).toThrow(TypeError);
      try {
        providerOf(wire, 'http://127.0.0.1/v1', key);
      } catch (error) {
        expect(String(error)).not.toContain('secret');
      }
    }
  });

  for (const [what, key] of Object.entries({
    'a line end': 'zq7Lx0vB5n\r\nX-Evil: 1',
    nothing: '',
    'an object': { toString: () => 'zq7Lx0vB5n' } as unknown as string,
  })) {
    it(`a key function that returns ${what} is an error of authentication, and no request`, async () => {
      const server = await serve({ text: 'Hello' });
      const ending = await collect(clientOf(wire, '', { provider: providerOf(wire, server.url, () => key) }).stream(request));
      expectError(ending, { category: 'authentication', phase: 'local', gaveUp: 'not-retryable' });
      expectNoSecret(ending, 'zq7Lx0vB5nM2');
      expect(server.requests).toHaveLength(0);
    });
  }

  it('the words of a prompt and of an answer are in no printed form of an error', async () => {
    const server = await serve({ text: ['My diagnosis is private', 'b'], after: 1, fault: 'reset' });
    const ending = await collect(
      clientOf(wire, server.url).stream({ ...request, messages: [{ role: 'user', content: 'Tell me my secret diagnosis' }] }),
    );
    expectError(ending, { category: 'network' });
    for (const text of Object.values(printed(ending.error as ProviderError))) expect(text).not.toContain('diagnosis');
  });

  const nasty = 'A\u0000B\u001b[31mC\u0007D\u009b2JE\u202eF\u2066G\u200bH\u2028I\ufeffJ\r\nK\u0085L\u061cM';
  const hostile: Record<string, Answer> = {
    'the message of an error': { status: 500, body: { error: { message: nasty } } },
    'the text of an error': { status: 500, body: nasty },
    'the code and type of an error': { status: 500, body: { error: { message: 'x', code: nasty, type: nasty } } },
    'the title of a page': { status: 502, body: `<html><title>${nasty}</title></html>` },
    'JSON with status 200': { body: { error: { message: nasty, code: nasty } } },
    'an error event in the stream': { text: 'x', after: 0, fault: [{ send: data({ error: { message: nasty, code: nasty } }) }, 'end'] },
    'an error after content': { text: ['a', 'b'], after: 1, fault: [{ send: data({ error: { message: nasty, code: nasty } }) }, 'end'] },
    'text of the stream that is no message': { text: 'x', after: 0, fault: [{ send: `${nasty}\n` }, 'end'] },
    'the request id of a body': { status: 500, body: { error: { message: 'x' }, request_id: nasty } },
    'a content type': { status: 200, body: 'x', headers: { 'content-type': 'text/html; x=\u009b31m' } },
    'the provider’s request id': { status: 500, headers: { 'x-request-id': 'a\u009b31m', 'request-id': 'a\u009b31m' } },
  };
  for (const [place, answer] of Object.entries(hostile)) {
    it(`control and bidirectional characters in ${place} are in no form of the error`, async () => {
      const server = await serve(answer);
      const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 2 } }).stream(request));
      for (const error of everyError(ending)) {
        for (const [field, value] of Object.entries(error)) if (typeof value === 'string') expect(value, field).not.toMatch(unsafe);
        for (const [form, text] of Object.entries(printed(error))) expect(text.replaceAll('\n', ' '), form).not.toMatch(unsafe);
      }
    });
  }

  it('control characters in the caller’s model are in no form of the error', async () => {
    const server = await serve({ status: 500 });
    const ending = await collect(
      clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream({ ...request, model: 'm\u001b[31m\u202e' }),
    );
    const error = ending.error as ProviderError;
    for (const text of Object.values(printed(error))) expect(text.replaceAll('\n', ' ')).not.toMatch(unsafe);
  });

  it('the words of a provider are bounded, however many they are', async () => {
    const server = await serve({ status: 500, body: { error: { message: 'word '.repeat(10_000), code: 'c'.repeat(5_000) } } });
    const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 1 } }).stream(request));
    const error = expectError(ending, { category: 'server-error' });
    expect(error.detail?.length).toBeLessThan(1_100);
    expect(error.code?.length ?? 0).toBeLessThanOrEqual(201);
    expect(error.message.length).toBeLessThan(300);
    expect(JSON.stringify(error).length).toBeLessThan(4_000);
  });

  it('what an end user may read is a sentence of ours', async () => {
    const server = await serve({ status: 401, body: { error: { message: 'internal: project p-77 of org o-9 is unpaid' } } });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    const shown = (ending.error as ProviderError).toPublic();
    expect(shown.message).not.toMatch(/p-77|o-9|internal/);
    expect(Object.keys(shown).sort()).toEqual(['category', 'message', 'requestId', 'retryable']);
  });
});

describe('a secret in what the caller does', () => {
  it('is not sent in the body', async () => {
    const server = await serve({ text: 'Hello' });
    const { provider, key } = { provider: providerOf('openai', server.url, 'zq7Lx0vB5nM2cK8j'), key: 'zq7Lx0vB5nM2cK8j' };
    await firstValueFrom(clientOf('openai' satisfies Wire, '', { provider }).stream(request));
    expect(server.requests[0]?.text).not.toContain(key);
  });
});
