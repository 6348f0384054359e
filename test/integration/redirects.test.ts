import { describe, expect, it } from 'vitest';
import { about, apiKey, clientOf, collect, expectError, expectText, request, serve, wires } from './support.ts';

const once = { retry: { maxAttempts: 1 } };

describe.each(wires)('%s', (wire) => {
  for (const status of [301, 302, 307, 308]) {
    it(`${status} within the origin is followed, with method, body and key`, async () => {
      const server = await serve([
        { status, headers: { location: '/elsewhere/messages?x=1' } },
        { text: 'Hello there', wire },
      ]);
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectText(ending, 'Hello there');
      expect(server.requests).toHaveLength(2);
      const [first, second] = server.requests;
      expect(second).toMatchObject({ method: 'POST', path: '/elsewhere/messages?x=1' });
      expect(second?.body).toEqual(first?.body);
      const header = about[wire].keyHeader;
      expect(second?.headers[header]).toContain(apiKey);
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`${status} to another origin is never followed, and no key goes there`, async () => {
      const other = await serve({ text: 'Stolen' });
      const server = await serve({ status, headers: { location: `${other.url}/chat/completions` }, body: '' });
      const ending = await collect(clientOf(wire, server.url).stream(request));
      expectError(ending, { category: 'protocol', retryable: false, status });
      expect(other.requests).toHaveLength(0);
      expect(server.requests).toHaveLength(1);
    });
  }

  it('a redirect to the same host under another name is to another origin', async () => {
    const server = await serve({ status: 307, headers: { location: '' } });
    server.script((_, index) =>
      index === 0 ? { status: 307, headers: { location: `http://localhost:${server.port}/v1/messages` } } : { text: 'Stolen' },
    );
    expectError(await collect(clientOf(wire, server.url).stream(request)), { category: 'protocol', retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  for (const location of [
    'https://',
    'javascript:alert(1)',
    'data:text/event-stream,data: [DONE]',
    'file:///etc/passwd',
    '//evil.invalid/x',
    'http://user:secret@127.0.0.1:1/x',
  ]) {
    it(`a redirect to ${location} is not followed`, async () => {
      const server = await serve({ status: 307, headers: { location } });
      const ending = await collect(clientOf(wire, server.url).stream(request));
      const error = expectError(ending, { category: 'protocol', retryable: false });
      expect(error.message).not.toContain('secret');
      expect(server.requests).toHaveLength(1);
    });
  }

  it('redirects without end are bounded', async () => {
    const server = await serve({ status: 307, headers: { location: '/v1/messages' } });
    const ending = await collect(clientOf(wire, server.url).stream(request));
    expectError(ending, { category: 'protocol', retryable: false });
    expect(server.requests.length).toBeLessThanOrEqual(6);
  });

  it('a redirect without an address is an error', async () => {
    const server = await serve({ status: 302 });
    expectError(await collect(clientOf(wire, server.url, once).stream(request)), { category: 'protocol', retryable: false, status: 302 });
  });

  it('a redirect whose body never ends is left', async () => {
    const server = await serve([
      { status: 307, headers: { location: '/v1/messages' }, body: 'x', fault: { endless: 'x' } },
      { text: 'Hello', wire },
    ]);
    expectText(await collect(clientOf(wire, server.url).stream(request)), 'Hello');
    expect(await server.requests[0]?.ended).toBe('aborted');
  });
});
