import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { until } from '../relay/support.ts';
import { bundle, pageOf, type Shown } from './support.ts';

let chromium: Chromium;
let script: string;

beforeAll(async () => {
  script = await bundle('zoneless');
  chromium = await Chromium.launch();
}, 60_000);
afterAll(() => chromium?.close());

const words = (count: number, word = 'w ') => Array.from({ length: count }, () => word);
const open = (...args: Parameters<typeof pageOf> extends [unknown, unknown, ...infer Rest] ? Rest : never) =>
  pageOf(chromium, script, ...args);
const messagesOf = (request: { readonly text: string } | undefined) => {
  const { messages } = JSON.parse(request?.text ?? '') as {
    readonly messages: readonly { readonly role: string; readonly content: string }[];
  };
  return messages.map(({ role, content }) => `${role}: ${content}`);
};

describe('injectChat', () => {
  it('asks with all that was said, and shows it', async () => {
    const { page, showing, provider } = await open([{ text: ['Hi'] }, { text: ['Fine'] }]);
    await page.evaluate(`start('Conversation', 'relay').then(() => chat().send('Hello'))`);
    await showing<Shown>(({ turns }) => turns.at(-1) === 'assistant/done: Hi');
    await page.evaluate(`chat().send('How are you?')`);
    const { turns, errors } = await showing<Shown>(({ turns }) => turns.at(-1) === 'assistant/done: Fine');
    expect(turns).toEqual(['user/done: Hello', 'assistant/done: Hi', 'user/done: How are you?', 'assistant/done: Fine']);
    expect(errors).toEqual([]);
    expect(messagesOf(provider.requests[1])).toEqual(['user: Hello', 'assistant: Hi', 'user: How are you?']);
  });

  it('keeps a stopped turn, marked, and asks for it anew in its place', async () => {
    const { page, showing, provider } = await open([{ text: words(200), tokenDelay: 25 }, { text: ['Anew'] }]);
    await page.evaluate(`start('Conversation', 'relay').then(() => chat().send('Hello'))`);
    await showing<Shown>(({ turns }) => turns.at(-1)?.startsWith('assistant/streaming: w w') === true);
    await page.evaluate('chat().stop()');
    await showing<Shown>(({ turns }) => turns.at(-1)?.startsWith('assistant/stopped: w w') === true);
    expect(await provider.requests[0]?.ended).toBe('aborted');
    const id = await page.evaluate('chat().messages()[1].id');
    await page.evaluate('chat().regenerate()');
    const { turns, errors } = await showing<Shown>(({ turns }) => turns.at(-1) === 'assistant/done: Anew');
    expect(turns).toHaveLength(2);
    expect(errors).toEqual([]);
    expect(messagesOf(provider.requests[1])).toEqual(['user: Hello']);
    expect(await page.evaluate('chat().messages()[1].id')).toBe(id);
  });

  it('goes on with an answer that was on its way when the page was loaded anew', async () => {
    const { page, url, showing, provider } = await open({ text: words(60), tokenDelay: 20 });
    await page.evaluate(`start('Conversation', 'relay').then(() => chat().send('Hello'))`);
    await showing<Shown>(({ turns }) => turns.at(-1)?.startsWith('assistant/streaming: w w w') === true);
    await page.open(`${url}/`);
    await showing(Boolean, 'isReady');
    await page.evaluate(`start('Conversation', 'relay')`);
    const begun = await showing<Shown>(({ turns }) => turns.length === 2);
    expect(begun.turns[0]).toBe('user/done: Hello');
    expect(begun.turns[1]).toMatch(/^assistant\/(connecting|streaming): w w w/);
    const { turns, errors } = await showing<Shown>(({ turns }) => turns.at(-1)?.startsWith('assistant/done') === true);
    expect(turns).toEqual(['user/done: Hello', `assistant/done: ${'w '.repeat(60)}`]);
    expect(errors).toEqual([]);
    expect(provider.requests).toHaveLength(1);
    expect(provider.requests[0]?.outcome).toBe('complete');
  });

  it('joins an answer whose server had not answered yet when the page was loaded anew', async () => {
    const { page, url, showing, provider, server } = await open({ text: ['Hi'], headersDelay: 400 }, {});
    await page.evaluate(`start('Conversation', 'relay').then(() => chat().send('Hello'))`);
    await until(() => provider.requests.length === 1);
    await page.open(`${url}/`);
    await showing(Boolean, 'isReady');
    await page.evaluate(`start('Conversation', 'relay')`);
    const { errors } = await showing<Shown>(({ turns }) => turns.at(-1) === 'assistant/done: Hi');
    expect(errors).toEqual([]);
    expect(provider.requests).toHaveLength(1);
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  it('says of an answer that ended with its page that it was interrupted, and continues it', async () => {
    const { page, url, showing, provider } = await open([{ text: words(200, 'w '), tokenDelay: 25 }, { text: ['end'] }]);
    await page.evaluate(`start('Conversation', 'openai').then(() => chat().send('Hello'))`);
    await showing<Shown>(({ turns }) => turns.at(-1)?.startsWith('assistant/streaming: w w') === true);
    await page.open(`${url}/`);
    await showing(Boolean, 'isReady');
    await page.evaluate(`start('Conversation', 'openai')`);
    const { turns } = await showing<Shown>(({ turns }) => turns.length === 2);
    expect(turns[1]).toMatch(/^assistant\/failed: w w/);
    expect(await page.evaluate('[chat().view().error.category, chat().canContinue()]')).toEqual(['interrupted', true]);
    await page.evaluate('chat().continue()');
    const after = await showing<Shown>(({ turns }) => turns.at(-1)?.startsWith('assistant/done') === true);
    expect(after.turns[1]).toBe(`${turns[1]?.replace('failed', 'done')}end`);
    expect(after.errors).toEqual([]);
    expect(provider.requests).toHaveLength(2);
  });

  it.each([
    ['refuses itself', `Object.defineProperty(globalThis, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } })`],
    ['is full', `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }`],
    ['holds no JSON', `sessionStorage.setItem('conversation', '{"version":1,"messages":[')`],
    ['holds something else', `sessionStorage.setItem('conversation', '{"version":1,"messages":[{"id":1,"text":{}}]}')`],
    [
      'holds an answer of nobody',
      `sessionStorage.setItem('conversation', JSON.stringify({ version: 1, messages: [], answer: { message: { id: 'x', role: 'assistant', text: 'old',
        reasoning: '', toolCalls: [], status: 'streaming', messages: [] }, request: { model: 'm', messages: [] }, checkpoint: { cursor: 'alien', result: { text: '', reasoning: '', toolCalls: [] } } } }))`,
    ],
  ])('works where the storage %s', async (_, spoil) => {
    const { page, showing } = await open([{ text: ['Hi'] }]);
    await page.evaluate(`${spoil}; undefined`);
    await page.evaluate(`start('Conversation', 'relay').then(() => chat().send('Hello'))`);
    const { errors } = await showing<Shown>(({ turns }) => turns.at(-1) === 'assistant/done: Hi');
    expect(errors).toEqual([]);
  });

  it('keeps no more than it may, and the end rather than the beginning', async () => {
    const { page, url, showing } = await open((_: unknown, index: number) => ({ text: [`${index} `.padEnd(4_000, '.')] }));
    await page.evaluate(`start('Conversation', 'relay')`);
    for (let index = 0; index < 5; index++) {
      await page.evaluate(`chat().send('Question ${index}')`);
      await showing<Shown>(({ turns }) => turns.length === 2 * index + 2 && turns.at(-1)?.startsWith(`assistant/done: ${index}`) === true);
    }
    expect(await page.evaluate<number>(`sessionStorage.getItem('conversation').length`)).toBeLessThan(20_000);
    await page.open(`${url}/`);
    await showing(Boolean, 'isReady');
    await page.evaluate(`start('Conversation', 'relay')`);
    const { turns } = await showing<Shown>(({ turns }) => turns.length > 0);
    expect(turns.at(-1)).toMatch(/^assistant\/done: 4/);
    expect(turns.length).toBeLessThan(10);
    await page.evaluate('chat().clear()');
    await showing<Shown>(({ turns }) => turns.length === 0);
    await showing<string>((kept) => kept === 'none', `(sessionStorage.getItem('conversation') ?? 'none')`);
  });
});
