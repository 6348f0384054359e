import { Controller, Get, Inject, Module, type Type } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fromEventStream, ProviderError, textDeltas } from '../../src/index.ts';
import { ProviderErrorFilter, SteadyStream, SteadyStreamModule, toHttpException } from '../../src/nest/index.ts';
import { afterwards, apiKey, clientOf, request, serve, within } from '../integration/support.ts';
import { until } from '../relay/support.ts';
import { ask, closeNow, route, serveNest } from './support.ts';

const words = ['One ', 'two ', 'three.'];

describe('an application that closes', () => {
  it('lets answers come to their end, with their readers', async () => {
    let goOn = () => {};
    const provider = await serve({ text: words, after: 2, fault: { wait: new Promise<void>((resolve) => (goOn = resolve)) } });
    const { url, app, start } = await serveNest(provider.url, { drainDeadline: 5_000 });
    const id = await start();
    const reading = lastValueFrom(fromEventStream(await fetch(`${url}/read/${id}`)).pipe(textDeltas(), toArray()));
    const closed = app.close();
    // It starts nothing more, and says when to ask again.
    const refused = await fetch(`${url}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    goOn();
    expect((await within(reading)).join('')).toBe(words.join(''));
    await within(closed);
  });

  it('ends what runs on behind its deadline, and sends readers away', async () => {
    const provider = await serve({ text: words, after: 2, fault: 'stall' });
    const { url, app, start } = await serveNest(provider.url, { drainDeadline: 50 });
    const stored = await ask(url, `/read/${await start()}`);
    let read = '';
    stored.setEncoding('utf8').on('data', (text: string) => {
      read += text;
    });
    await until(() => read.includes('two '));
    const once = await fetch(`${url}/once`, { method: 'POST', headers: { connection: 'close' } });
    const asking = provider.request(1);
    await asking;
    await within(app.close());
    await within((await provider.request(0)).ended);
    await within((await asking).ended);
    expect((await asking).aborted).toBe(true);
    expect(read).toContain('"category":"interrupted"');
    // What is read once is cut without an end, for it has none.
    expect(await within(once.text())).not.toContain('"type":"end"');
  });
});

describe('the signal of a route', () => {
  it.each([
    ['none', undefined],
    ['one of its own', new AbortController().signal],
  ])('ends its readers with the application, where it gives %s', async (_, signal) => {
    const provider = await serve({ text: words, after: 2, fault: 'stall' });
    const { url, app } = await serveNest(provider.url, { drainDeadline: 0, messages: { signal } });
    const once = await fetch(`${url}/once`, { method: 'POST', headers: { connection: 'close' } });
    await within(app.close());
    expect(await within(once.text())).toContain('One ');
  });
});

describe('the module', () => {
  it('makes its client of what other modules know, and is seen everywhere where it is global', async () => {
    const provider = await serve({ text: words });
    class Keys {}
    Module({ providers: [{ provide: 'ADDRESS', useValue: provider.url }], exports: ['ADDRESS'] })(Keys);
    class Asking {
      readonly streams: SteadyStream;
      constructor(streams: SteadyStream) {
        this.streams = streams;
      }
      async ask() {
        return await lastValueFrom(this.streams.client.stream(request).pipe(textDeltas(), toArray()));
      }
    }
    Controller()(Asking);
    Inject(SteadyStream)(Asking, undefined, 0);
    route(Asking, 'ask', [Get('ask')]);
    class Feature {}
    Module({ controllers: [Asking] })(Feature);
    const optionsFor = async (address: string) => ({ client: clientOf('openai', address) });
    const url = await listen([
      SteadyStreamModule.forRootAsync({ isGlobal: true, imports: [Keys], inject: ['ADDRESS'], useFactory: optionsFor }),
      Feature,
    ]);
    expect(await (await fetch(`${url}/ask`)).json()).toEqual(words);
  });

  it('does not come up with an option that is wrong, and names it', async () => {
    const client = clientOf('openai', 'http://127.0.0.1:9');
    await expect(listen([SteadyStreamModule.forRoot({ client, drainDeadline: -1 })])).rejects.toThrow(
      /SteadyStream: drainDeadline must be/,
    );
    await expect(listen([SteadyStreamModule.forRoot({ client: {} as never })])).rejects.toThrow(/client must be made with createClient/);
    await expect(listen([SteadyStreamModule.forRoot({ client, sessions: { lease: 1 } })])).rejects.toThrow(/lease/);
  });
});

describe('the filter of provider errors', () => {
  it('answers with a status and what an end user may read', async () => {
    const provider = await serve([
      { status: 401, body: { error: { message: apiKey } } },
      { status: 429, headers: { 'retry-after': '9' }, body: { error: { message: apiKey } } },
    ]);
    const client = clientOf('openai', provider.url, { retry: { maxAttempts: 1 } });
    class Asking {
      ask() {
        return lastValueFrom(client.stream(request));
      }
    }
    Controller()(Asking);
    route(Asking, 'ask', [Get('ask')]);
    const url = await listen([], [Asking], new ProviderErrorFilter());
    const misconfigured = await fetch(`${url}/ask`);
    expect(misconfigured.status).toBe(502);
    expect(await misconfigured.text()).not.toContain(apiKey);
    const busy = await fetch(`${url}/ask`);
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '9']);
    expect(await busy.json()).toMatchObject({ error: { category: 'rate-limit', retryable: true, retryAfterMs: 9_000 } });
  });
});

describe('an error as an exception of Nest', () => {
  it('has the status of whose fault it is', () => {
    const statusOf = (category: ProviderError['category'], phase: ProviderError['phase']) =>
      toHttpException(new ProviderError({ category, phase })).getStatus();
    expect(statusOf('authentication', 'local')).toBe(401);
    expect(statusOf('authentication', 'connect')).toBe(502);
    expect(statusOf('not-found', 'local')).toBe(404);
    expect(statusOf('not-found', 'connect')).toBe(502);
    expect(statusOf('invalid-request', 'local')).toBe(400);
    expect(statusOf('invalid-request', 'connect')).toBe(502);
    expect(statusOf('context-length', 'connect')).toBe(400);
    expect(statusOf('content-filter', 'first-content')).toBe(422);
    expect(statusOf('circuit-open', 'local')).toBe(503);
    expect(statusOf('timeout', 'first-content')).toBe(504);
    expect(statusOf('network', 'local')).toBe(503);
    expect(statusOf('network', 'connect')).toBe(502);
    expect(statusOf('unknown', 'connect')).toBe(502);
  });

  it('says nothing of what it does not know, but to the log', () => {
    const cause = new Error(`secret ${apiKey}`);
    const exception = toHttpException(cause);
    expect(exception.getStatus()).toBe(500);
    expect(JSON.stringify(exception.getResponse())).not.toContain('secret');
    expect(exception.cause).toBe(cause);
    expect(toHttpException(exception)).toBe(exception);
  });
});

async function listen(
  imports: readonly never[] | readonly object[],
  controllers: Type[] = [],
  filter?: ProviderErrorFilter,
): Promise<string> {
  class AppModule {}
  const providers = filter ? [{ provide: APP_FILTER, useValue: filter }] : [];
  Module({ imports: [...imports] as never[], controllers, providers })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  afterwards(() => closeNow(app));
  return (await app.getUrl()).replace('[::1]', '127.0.0.1');
}
