import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { bundle, modes, pageOf, type Shown } from './support.ts';

let chromium: Chromium;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const mode of modes) scripts.set(mode, await bundle(mode));
  chromium = await Chromium.launch();
}, 60_000);
afterAll(() => chromium?.close());

const words = (count: number, word = 'w ') => Array.from({ length: count }, () => word);

describe.each(modes)('injectAnswer (%s)', (mode) => {
  const open = (...args: Parameters<typeof pageOf> extends [unknown, unknown, ...infer Rest] ? Rest : never) =>
    pageOf(chromium, scripts.get(mode) ?? '', ...args);

  it('shows an answer as it grows, and renders it at most once a frame', async () => {
    const { page, showing, provider } = await open({ text: words(400), tokenDelay: 1 });
    const begin = performance.now();
    await page.evaluate(`start('Ask', 'openai').then(() => answer().send(ask('Hello')))`);
    const { text, renders, ticks, errors } = await showing<Shown>(({ status }) => status === 'done');
    const frames = (performance.now() - begin) / 16;
    expect(text).toBe('w '.repeat(400));
    expect(renders).toBeGreaterThan(3);
    expect(renders).toBeLessThan(frames + 5);
    expect(ticks).toBeLessThan(frames + 5);
    expect(errors).toEqual([]);
    expect(provider.requests).toHaveLength(1);
  });

  it('may be looked at for the first time by a template or a computed signal, though the source is synchronous', async () => {
    const { page, showing } = await open([]);
    await page.evaluate(`start('Lazy', 'synchronous')`);
    const { errors } = await showing<Shown>(({ text, computed }) => text === 'abc' && computed === 'abc');
    expect(errors).toEqual([]);
    expect(await page.evaluate('synchronous.requests.length')).toBe(2);
  });

  it('keeps what was said before a failure, and goes on from it', async () => {
    const { page, showing, provider } = await open([
      { text: ['One ', 'two '], after: 2, fault: [{ wait: 300 }, 'reset'] }, // what a proxy has not passed on yet would be lost with the connection
      { text: ['three'], tokenDelay: 50 },
    ]);
    await page.evaluate(`start('Ask', 'openai').then(() => answer().send(ask('Hello')))`);
    const failed = await showing<Shown>(({ status }) => status === 'failed');
    expect(failed).toMatchObject({ text: 'One two ', error: 'network', errors: [] });
    expect(await page.evaluate('answer().canContinue()')).toBe(true);
    await page.evaluate('answer().continue()');
    expect(await page.evaluate('answer().text()')).toBe('One two ');
    const { text, errors } = await showing<Shown>(({ status }) => status === 'done');
    expect({ text, errors }).toEqual({ text: 'One two three', errors: [] });
    expect(provider.requests).toHaveLength(2);
    expect(await page.evaluate('answer().canContinue()')).toBe(false);
  });

  it('ends the request that another replaces, and shows only the new one', async () => {
    const { page, showing, provider } = await open((request: { readonly text: string }) => ({
      text: words(20, request.text.includes('question a') ? 'a' : 'b'),
      tokenDelay: 25,
    }));
    await page.evaluate(`start('Ask', 'openai').then(() => answer().send(ask('question a')))`);
    await showing<Shown>(({ text }) => text.length > 2);
    await page.evaluate(`answer().send(ask('question b'))`);
    expect(await provider.requests[0]?.ended).toBe('aborted');
    const { text, errors } = await showing<Shown>(({ status }) => status === 'done');
    expect({ text, errors }).toEqual({ text: 'b'.repeat(20), errors: [] });
    expect(provider.requests).toHaveLength(2);
  });

  it('ends the request when its component is destroyed', async () => {
    const { page, showing, provider } = await open({ text: words(200), tokenDelay: 25 });
    await page.evaluate(`start('Ask', 'openai').then(() => answer().send(ask('Hello')))`);
    await showing<Shown>(({ text }) => text !== '');
    await page.evaluate('isShown.set(false)');
    expect(await provider.requests[0]?.ended).toBe('aborted');
    await page.evaluate(`answer().send(ask('Hello'))`);
    expect((await showing<Shown>(({ text }) => text === '')).errors).toEqual([]);
    expect(provider.requests).toHaveLength(1);
  });

  it('is shown by any number of components, asked once, and goes on without one of them', async () => {
    const { page, showing, provider } = await open({ text: words(40), tokenDelay: 10 });
    await page.evaluate(`start('Shared', 'openai').then(() => answer().send(ask('Hello')))`);
    await showing<Shown>(({ text }) => text !== '');
    const texts = `[...document.querySelectorAll('#text')].map(({ textContent }) => textContent)`;
    const [one, two] = await page.evaluate<string[]>(texts);
    expect(one).toBe(two);
    await page.evaluate('other.set(1)');
    const { errors } = await showing<Shown>(({ status }) => status === 'done');
    expect(await page.evaluate(texts)).toEqual(['w '.repeat(40)]);
    expect(errors).toEqual([]);
    expect(provider.requests).toHaveLength(1);
  });

  it('asks by its signals after the first render, again when they say something else, and not when they say the same', async () => {
    const { page, showing, provider } = await open((request: { readonly text: string }) => ({
      text: request.text.includes('one') ? 'One' : 'Two',
    }));
    await page.evaluate(`start('Declared', 'openai')`);
    await showing<Shown>(({ status }) => status === 'idle');
    await page.evaluate(`question.set('one')`);
    await showing<Shown>(({ text, status }) => text === 'One' && status === 'done');
    await page.evaluate(`other.set(1)`);
    await page.evaluate('new Promise((done) => setTimeout(done, 60))');
    expect(provider.requests).toHaveLength(1);
    await page.evaluate(`question.set('two')`);
    await showing<Shown>(({ text, status }) => text === 'Two' && status === 'done');
    await page.evaluate(`question.set(undefined)`);
    const { text, errors } = await showing<Shown>(({ status }) => status === 'idle');
    expect({ text, errors }).toEqual({ text: '', errors: [] });
    expect(provider.requests).toHaveLength(2);
  });

  it('outlives a template that throws and an observer that throws', async () => {
    const { page, showing, provider } = await open({ text: words(20), tokenDelay: 20 });
    await page.evaluate(`start('Ask', 'openai').then(() => {
      answer().events$.subscribe(() => { throw new Error('the observer is broken'); });
      answer().send(ask('Hello'));
      isBroken.set(true);
    })`);
    const { text, errors } = await showing<Shown>(({ status }) => status === 'done');
    expect(text).toBe('w '.repeat(20));
    expect(errors.every((error) => /the (observer|template) is broken/.test(error))).toBe(true);
    expect(errors.some((error) => error.includes('template'))).toBe(true);
    expect(errors.some((error) => error.includes('observer'))).toBe(true);
    expect(provider.requests).toHaveLength(1);
  });
});
