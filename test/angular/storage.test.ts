import '@angular/compiler';
import '@angular/platform-server/init';
import { Component, ErrorHandler, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing';
import { ɵDominoAdapter } from '@angular/platform-server';
import { Subject } from 'rxjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Chat, type ChatMessage, type ChatStorage, injectChat, provideSteadyStream } from '../../src/angular/index.ts';
import { createRelayHandler, type Provider, type ProviderEvent, relay } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { LogSessions } from '../relay/log-sessions.ts';
import { serveNode, until } from '../relay/support.ts';

beforeAll(() => {
  const ignore = () => {};
  Object.assign(globalThis, {
    document: new ɵDominoAdapter().createHtmlDocument(),
    addEventListener: ignore,
    removeEventListener: ignore,
  });
  TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting());
});
afterEach(() => TestBed.resetTestingModule());

/** A storage as a browser has it, with so much room. */
class Area implements NonNullable<ChatStorage['area']> {
  content: string | null;
  readonly #room: number;

  constructor(content: unknown = null, room = Number.POSITIVE_INFINITY) {
    this.content = content === null ? null : JSON.stringify(content);
    this.#room = room;
  }

  getItem(): string | null {
    return this.content;
  }

  setItem(_key: string, content: string): void {
    if (content.length > this.#room) throw new DOMException('there is no room', 'QuotaExceededError');
    this.content = content;
  }

  removeItem(): void {
    this.content = null;
  }
}

/** A page with a conversation that is kept, and what went wrong on it. */
function load(area: Area, provider: Provider<never>, maxCharacters?: number) {
  TestBed.resetTestingModule();
  const failures: unknown[] = [];
  TestBed.configureTestingModule({
    providers: [
      provideZonelessChangeDetection(),
      provideSteadyStream({ provider, retry: { maxAttempts: 1 } }),
      { provide: ErrorHandler, useValue: { handleError: (error: unknown) => failures.push(error) } },
    ],
  });
  const Page = Component({ selector: 'app-page', template: '@for (turn of chat.messages(); track turn.id) { {{ turn.text }} }' })(
    class {
      readonly chat = injectChat({ request: (messages) => ({ model: 'm-1', messages }), storage: { key: 'k', area, maxCharacters } });
    },
  );
  const fixture = TestBed.createComponent(Page);
  fixture.detectChanges();
  const { chat } = fixture.componentInstance as unknown as { readonly chat: Chat };
  return { chat, failures, leave: () => fixture.destroy() };
}

const user: ChatMessage = {
  id: 'u',
  role: 'user',
  text: 'Hi',
  reasoning: '',
  toolCalls: [],
  status: 'done',
  messages: [{ role: 'user', content: 'Hi' }],
};
const assistant: ChatMessage = { ...user, id: 'a', role: 'assistant', text: 'Half', status: 'failed', messages: [] };
const asked = { model: 'm-1', messages: user.messages };
const known = { message: 'm', category: 'network', requestId: 'r', retryable: true };
const result = { text: 'Half', reasoning: '', toolCalls: [] };

describe('a conversation that is kept', () => {
  it.each([
    ['an error of a kind that nobody knows', { message: { ...assistant, error: { ...known, category: 'toString' } } }],
    ['an error that is none', { message: { ...assistant, error: { ...known, retryAfterMs: 'soon', attempts: 3 } } }],
    ['a place of another version', { checkpoint: { version: 9, cursor: 5, result } }],
    ['a place of which a part is missing', { checkpoint: { version: 1, provider: 'fake', requestId: 'r', fingerprint: 'f', result } }],
    ['a place with calls that are none', { checkpoint: { version: 1, result: { ...result, toolCalls: [null] } } }],
    ['a key that is none', { message: { ...assistant, status: 'connecting' }, isKept: true, idempotencyKey: '\n' }],
  ])('shows what was said where it holds %s, and asks anew when it shall go on', (_, kept) => {
    const provider = fakeProvider<never>([text('Whole'), finish()]);
    const area = new Area({ version: 1, messages: [user], answer: { message: assistant, request: asked, ...kept } });
    const { chat, failures } = load(area, provider);
    expect(chat.messages()).toMatchObject([
      { text: 'Hi' },
      { text: 'Half', status: 'failed', error: { message: expect.stringMatching(/\w/) } },
    ]);
    chat.continue();
    expect(chat.messages()).toMatchObject([{ text: 'Hi' }, { text: 'Whole', status: 'done' }]);
    expect(failures).toEqual([]);
    provider.verify();
  });

  it('shows an answer that was on its way, and is too long to be gone on with, as interrupted', async () => {
    const answer$ = new Subject<ProviderEvent>();
    const area = new Area();
    const before = load(area, fakeProvider<never>(answer$), 3_000);
    before.chat.send('Hi');
    answer$.next(text('w'.repeat(900)));
    await expect.poll(() => before.chat.messages().at(-1)?.text.length).toBe(900);
    before.leave();
    const { chat } = load(area, fakeProvider<never>([text('Whole'), finish()]));
    expect(chat.messages()).toMatchObject([{ text: 'Hi' }, { status: 'failed', error: { category: 'interrupted' } }]);
    chat.regenerate();
    expect(chat.messages()).toMatchObject([{ text: 'Hi' }, { status: 'done', text: 'Whole' }]);
  });

  it('keeps the end of it where the storage has less room than it may take', () => {
    const area = new Area(null, 5_000);
    const provider = fakeProvider<never>(...Array.from({ length: 40 }, (_, index) => [text(`${index} ${'w'.repeat(100)}`), finish()]));
    const before = load(area, provider);
    for (let index = 0; index < 40; index++) before.chat.send(`${index}`);
    before.leave();
    const { chat, failures } = load(area, fakeProvider());
    expect(chat.messages().at(-1)?.text).toMatch(/^39 w/);
    expect(chat.messages().length).toBeGreaterThan(3);
    expect(failures).toEqual([]);
  });

  it('asks a model nothing that begins with an answer', () => {
    const provider = fakeProvider<never>([text('Whole'), finish()]);
    const said: ChatMessage = { ...assistant, status: 'done', messages: [{ role: 'assistant', content: 'Half' }] };
    const { chat } = load(new Area({ version: 1, messages: [said] }), provider);
    chat.send('And?');
    expect(provider.requests[0]?.messages).toEqual([{ role: 'user', content: 'And?' }]);
    expect(chat.messages()).toMatchObject([{ text: 'Half' }, { text: 'And?' }, { text: 'Whole' }]);
  });

  it('is kept with a key that joins it, also where it was asked for again because nothing had been said', () => {
    const area = new Area();
    const page = load(area, fakeProvider<never>(failure('overloaded'), new Subject<ProviderEvent>()));
    page.chat.send('Hi');
    page.chat.continue();
    page.leave();
    const { answer } = JSON.parse(area.content ?? '') as { readonly answer: Record<string, unknown> };
    expect(answer).toMatchObject({ message: { status: 'connecting' }, idempotencyKey: expect.stringMatching(/^[0-9a-f]{24}$/) });
  });
});

describe('a conversation over a relay', () => {
  it('that goes on keeps its text, and joins what goes on, where the page is loaded anew before its server has answered', async () => {
    const sessions = new LogSessions();
    const handle = toNodeHandler(createRelayHandler({ sessions }));
    let answers = () => {};
    let asked = 0;
    const server = await serveNode((incoming, response) => {
      if (incoming.method !== 'POST' || ++asked !== 2) void handle(incoming, response);
      else answers = () => void handle(incoming, response);
    });
    const area = new Area();
    const provider = () => relay({ url: `${server.url}/chat` }) as Provider<never>;
    const before = load(area, provider());
    sessions.onStart = (log) => log.say('One ');
    before.chat.send('Hi');
    await until(() => before.chat.messages().at(-1)?.text === 'One ');
    await before.chat.stop();
    sessions.onStart = (log) => {
      log.say('two');
      log.finish();
    };
    before.chat.continue();
    await until(() => asked === 2);
    before.leave();
    answers();
    await until(() => sessions.logs.length === 2);
    const { chat, failures } = load(area, provider());
    expect(chat.messages()).toMatchObject([{ text: 'Hi' }, { text: 'One ', status: 'connecting' }]);
    await until(() => !chat.running());
    expect(chat.messages()).toMatchObject([{ text: 'Hi' }, { text: 'One two', status: 'done' }]);
    expect(sessions.logs).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it('has been stopped for all who asked for it, once its server says so', async () => {
    const sessions = new LogSessions();
    const handle = toNodeHandler(createRelayHandler({ sessions }));
    let cancels = () => {};
    const server = await serveNode((incoming, response) => {
      if (incoming.method === 'DELETE') cancels = () => void handle(incoming, response);
      else void handle(incoming, response);
    });
    const { chat } = load(new Area(), relay({ url: `${server.url}/chat` }) as Provider<never>);
    sessions.onStart = (log) => log.say('One ');
    chat.send('Hi');
    await until(() => chat.messages().at(-1)?.text === 'One ');
    const isCancelled: (boolean | undefined)[] = [];
    const note = () => void isCancelled.push(sessions.logs[0]?.isCancelled);
    const stopped = [chat.stop().then(note), chat.stop().then(note)];
    await until(() => server.requests.some(({ method }) => method === 'DELETE'));
    cancels();
    await Promise.all(stopped);
    expect(isCancelled).toEqual([true, true]);
  });
});
