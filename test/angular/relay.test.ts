import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { until } from '../relay/support.ts';
import { bundle, modes, pageOf, type Shown } from './support.ts';

let chromium: Chromium;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const mode of modes) scripts.set(mode, await bundle(mode));
  chromium = await Chromium.launch();
}, 60_000);
afterAll(() => chromium?.close());

const words = (count: number, word = 'w ') => Array.from({ length: count }, () => word);
const slowly = (request: Request) => new Promise<object>((resolve) => setTimeout(() => resolve({}), request.method === 'POST' ? 300 : 0));

describe.each(modes)('injectAnswer over a relay (%s)', (mode) => {
  const open = (...args: Parameters<typeof pageOf> extends [unknown, unknown, ...infer Rest] ? Rest : never) =>
    pageOf(chromium, scripts.get(mode) ?? '', ...args);
  const send = (text: string) => `answer().send(ask('${text}'))`;

  it('ends the generation at its provider when it is stopped, and keeps its text', async () => {
    const { page, showing, provider } = await open({ text: words(200), tokenDelay: 25 });
    await page.evaluate(`start('Ask', 'relay').then(() => ${send('Hello')})`);
    await showing<Shown>(({ text }) => text.length > 4);
    await page.evaluate('answer().stop()');
    expect(await provider.requests[0]?.ended).toBe('aborted');
    const { text, status, errors } = await showing<Shown>(() => true);
    expect({ status, errors }).toEqual({ status: 'stopped', errors: [] });
    expect(text).toMatch(/^(w )+$/);
  });

  it('ends the generation also where it is stopped before its server has answered', async () => {
    const { page, showing, provider, server } = await open({ text: words(200), headersDelay: 6_000 }, { relay: { authorize: slowly } });
    await page.evaluate(`start('Ask', 'relay').then(() => ${send('Hello')})`);
    await until(() => server.requests.some(({ method }) => method === 'POST'));
    expect(provider.requests).toHaveLength(0);
    await page.evaluate('globalThis.stopping = answer().stop(); undefined');
    await showing<Shown>(({ status }) => status === 'stopped');
    await page.evaluate('stopping');
    expect(await (await provider.request(0)).ended).toBe('aborted');
    const { text, errors } = await showing<Shown>(() => true);
    expect({ text, errors }).toEqual({ text: '', errors: [] });
    expect(server.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  it('ends the generation that another replaces', async () => {
    const { page, showing, provider } = await open((request: { readonly text: string }) =>
      request.text.includes('question a') ? { text: words(200, 'a'), tokenDelay: 25 } : { text: ['b'] },
    );
    await page.evaluate(`start('Ask', 'relay').then(() => ${send('question a')})`);
    await showing<Shown>(({ text }) => text.length > 1);
    await page.evaluate(send('question b'));
    const { text, errors } = await showing<Shown>(({ status }) => status === 'done');
    expect({ text, errors }).toEqual({ text: 'b', errors: [] });
    expect(await provider.requests[0]?.ended).toBe('aborted');
  });

  it('tells the ErrorHandler of a cancellation that was refused, once, and nothing is left unhandled', async () => {
    const authorize = (request: Request) => (request.method === 'DELETE' ? new Response(null, { status: 403 }) : {});
    const { page, showing } = await open({ text: words(60), tokenDelay: 25 }, { relay: { authorize } });
    await page.evaluate(`start('Ask', 'relay').then(() => ${send('Hello')})`);
    await showing<Shown>(({ text }) => text !== '');
    await page.evaluate('answer().stop()');
    const { status, errors } = await showing<Shown>(() => true);
    expect(status).toBe('stopped');
    expect(errors).toEqual([expect.stringContaining('permission-denied')]);
  });

  it('leaves when its component is destroyed, and the generation comes to its end', async () => {
    const { page, showing, provider, server } = await open({ text: words(30), tokenDelay: 25 });
    await page.evaluate(`start('Ask', 'relay').then(() => ${send('Hello')})`);
    await showing<Shown>(({ text }) => text !== '');
    await page.evaluate('isShown.set(false)');
    expect(await provider.requests[0]?.ended).toBe('complete');
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
    expect((await showing<Shown>(() => true)).errors).toEqual([]);
  });
});
