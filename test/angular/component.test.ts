import '@angular/compiler';
import '@angular/platform-server/init';
import { Component, computed, ErrorHandler, provideZonelessChangeDetection, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing';
import { ɵDominoAdapter } from '@angular/platform-server';
import { repeat, Subject } from 'rxjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  injectAnswer,
  injectChat,
  injectSteadyStream,
  provideSteadyStream,
  STEADYSTREAM_CLIENT,
  type SteadyStreamConfig,
} from '../../src/angular/index.ts';
import { createClient, type ProviderEvent, type StreamEvent, type StreamRequest } from '../../src/index.ts';
import { failure, fakeProvider, finish, start, text } from '../../src/testing/index.ts';

const ask = (content: string): StreamRequest => ({ model: 'm-1', messages: [{ role: 'user', content }] });

beforeAll(() => {
  // Node has no DOM; that of Angular's server does for what is tested here. Components run in Chromium.
  Object.assign(globalThis, { document: new ɵDominoAdapter().createHtmlDocument() });
  TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting());
});
afterEach(() => TestBed.resetTestingModule());

function provide(config: SteadyStreamConfig): void {
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection(), provideSteadyStream(config)] });
}

const inject = <T>(make: () => T): T => TestBed.runInInjectionContext(make);

/** An answer that is told by a test, and how often it was asked for. */
function told(...answers: readonly Subject<ProviderEvent>[]) {
  const provider = fakeProvider<never>(...answers);
  provide({ provider });
  return provider;
}

describe('provideSteadyStream', () => {
  it('names an option that is wrong where it stands', () => {
    expect(() => provideSteadyStream({ provider: fakeProvider(), maxRequests: 0 })).toThrow(/createClient: maxRequests/);
  });

  it('makes one client, when it is first asked for, by a function that may inject', () => {
    let made = 0;
    const model = signal('m');
    TestBed.configureTestingModule({
      providers: [
        { provide: 'model', useValue: model },
        provideSteadyStream(() => {
          made++;
          expect(TestBed.inject('model' as never)).toBe(model);
          return createClient({ provider: fakeProvider() });
        }),
      ],
    });
    expect(made).toBe(0);
    expect(inject(injectSteadyStream)).toBe(TestBed.inject(STEADYSTREAM_CLIENT));
    expect(made).toBe(1);
  });

  it('is asked for by an error where it is missing', () => {
    expect(() => inject(injectSteadyStream)).toThrow('add provideSteadyStream({ provider })');
    expect(() => inject(() => injectAnswer())).toThrow('add provideSteadyStream({ provider })');
    expect(() => injectAnswer()).toThrow('NG0203');
  });
});

describe('injectAnswer', () => {
  it.each([
    [{ requests: () => undefined }, /injectAnswer: requests is not an option/],
    [{ request: ask('Hello') }, /injectAnswer: request must be a function/],
    [{ options: 5 }, /injectAnswer: options must be an object/],
  ])('names an option that is wrong: %j', (options, message) => {
    provide({ provider: fakeProvider() });
    expect(() => inject(() => injectAnswer(options as never))).toThrow(message);
  });

  it('names an option of a call that is wrong, and what runs goes on', () => {
    const answer$ = new Subject<ProviderEvent>();
    told(answer$);
    const answer = inject(() => injectAnswer());
    answer.send(ask('Hello'));
    expect(() => answer.send(ask('Hello'), { requestId: '' })).toThrow(/stream: requestId/);
    answer$.next(text('Hi'));
    answer$.next(finish());
    expect(answer.view()).toMatchObject({ status: 'done', text: 'Hi', provider: 'fake', model: 'm-1' });
  });

  it('is one execution for signals and Observables; who comes late is given a snapshot', () => {
    const answer$ = new Subject<ProviderEvent>();
    const provider = told(answer$);
    const answer = inject(() => injectAnswer());
    const early: StreamEvent['type'][] = [];
    const late: StreamEvent[] = [];
    let isComplete = false;
    answer.events$.subscribe(({ type }) => early.push(type));
    expect(provider.requests).toHaveLength(0);
    answer.send(ask('Hello'));
    for (const delta of ['One ', 'two ']) answer$.next(text(delta));
    answer.events$.subscribe({
      next: (event) => late.push(event),
      complete: () => {
        isComplete = true;
      },
    });
    answer$.next(text('three'));
    answer$.next(finish());
    answer$.complete();
    expect(early).toEqual(['start', 'text-delta', 'text-delta', 'text-delta', 'finish']);
    expect(late.map(({ type }) => type)).toEqual(['start', 'snapshot', 'text-delta', 'finish']);
    expect(late[1]).toMatchObject({ result: { text: 'One two ' } });
    expect(isComplete).toBe(true);
    expect(provider.requests).toHaveLength(1);
  });

  it('tells of one execution after another to who repeats, and is silent once it is destroyed', () => {
    const [one$, two$] = [new Subject<ProviderEvent>(), new Subject<ProviderEvent>()];
    told(one$, two$);
    const answer = inject(() => injectAnswer());
    const seen: string[] = [];
    answer.events$.pipe(repeat()).subscribe(({ type }) => seen.push(type));
    answer.send(ask('One'));
    one$.next(text('1'));
    answer.send(ask('Two'));
    expect(one$.observed).toBe(false);
    two$.next(text('2'));
    TestBed.resetTestingModule();
    expect(two$.observed).toBe(false);
    expect(seen).toEqual(['start', 'text-delta', 'start', 'text-delta']);
  });

  it('stops once, keeps the text, and can go on from it', async () => {
    const [one$, two$] = [new Subject<ProviderEvent>(), new Subject<ProviderEvent>()];
    const provider = told(one$, two$);
    const answer = inject(() => injectAnswer());
    await answer.stop();
    answer.send(ask('Hello'));
    one$.next(text('One '));
    await answer.stop();
    await answer.stop();
    expect(one$.observed).toBe(false);
    expect(answer.view()).toMatchObject({ status: 'stopped', text: 'One ' });
    expect(answer.canContinue()).toBe(true);
    answer.continue();
    expect(answer.view()).toMatchObject({ status: 'connecting', text: 'One ' });
    answer.continue();
    expect(provider.requests).toHaveLength(2);
    two$.next(text('two'));
    two$.next(finish());
    expect(answer.view()).toMatchObject({ status: 'done', text: 'One two' });
  });

  it('asks again where an answer failed before any text', () => {
    const provider = fakeProvider<never>(failure('overloaded'), [start(), text('Hi'), finish()]);
    provide({ provider, retry: { maxAttempts: 1 } });
    const answer = inject(() => injectAnswer());
    answer.send(ask('Hello'));
    expect(answer.view()).toMatchObject({ status: 'failed', error: { category: 'overloaded' } });
    expect(answer.canContinue()).toBe(false);
    answer.continue();
    expect(answer.view()).toMatchObject({ status: 'done', text: 'Hi' });
    answer.clear();
    expect(answer.view().status).toBe('idle');
    answer.regenerate();
    expect(answer.view().status).toBe('idle');
  });

  it('writes no signal while another one is computed', async () => {
    const provider = fakeProvider<never>([text('Hi'), finish()]);
    provide({ provider });
    const answer = inject(() => injectAnswer());
    const asking = computed(() => {
      answer.send(ask('Hello'));
      return 'asked';
    });
    expect(asking()).toBe('asked');
    expect(answer.status()).toBe('idle');
    await Promise.resolve();
    expect(answer.status()).toBe('done');
  });
});

it('what a command does wrong that was called while a signal is computed is told the ErrorHandler', async () => {
  const failures: unknown[] = [];
  provide({ provider: fakeProvider() });
  TestBed.overrideProvider(ErrorHandler, { useValue: { handleError: (error: unknown) => failures.push(error) } });
  const chat = inject(() => injectChat({ request: (messages) => ({ model: 'm-1', messages }) }));
  const asking = computed(() => {
    chat.send('Hello', { requestId: '' });
    return 'asked';
  });
  expect(asking()).toBe('asked');
  await Promise.resolve();
  expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('stream: requestId') })]);
  expect(chat.messages()).toEqual([]);
  expect(() => chat.send('Hello', { requestId: '' })).toThrow('stream: requestId');
});

it('a component is tested as docs/angular.md says', async () => {
  const Ask = Component({
    selector: 'app-ask',
    template: '<button (click)="ask()">Ask</button><p>{{ answer.text() }}</p><i>{{ answer.view().error?.category }}</i>',
  })(
    class {
      readonly answer = injectAnswer();
      ask(): void {
        this.answer.send(ask('Hello'));
      }
    },
  );
  const provider = fakeProvider<never>([text('Hel'), failure('network')], [text('Hello'), finish()]);
  provide({ provider });
  const fixture = TestBed.createComponent(Ask);
  const page: HTMLElement = fixture.nativeElement;
  page.querySelector('button')?.click();
  await fixture.whenStable();
  expect(page.textContent).toBe('AskHelnetwork');
  page.querySelector('button')?.click();
  await fixture.whenStable();
  expect(page.textContent).toBe('AskHello');
  provider.verify();
});

describe('injectChat', () => {
  it.each([
    [{}, /injectChat: request must be a function/],
    [{ request: ask, storage: {} }, /injectChat: storage.key must be a string/],
    [{ request: ask, storage: { key: 'k', maxCharacters: 3 } }, /injectChat: storage.maxCharacters must be a whole number/],
  ])('names an option that is wrong: %j', (options, message) => {
    provide({ provider: fakeProvider() });
    expect(() => inject(() => injectChat(options as never))).toThrow(message);
  });

  it('keeps a failed turn, marked, and tells the model what it said', () => {
    const provider = fakeProvider<never>([text('Half'), failure('network')], [text('Whole'), finish()]);
    provide({ provider });
    const chat = inject(() => injectChat({ request: (messages) => ({ model: 'm-1', messages }) }));
    chat.send('One');
    expect(chat.messages()).toMatchObject([
      { role: 'user', status: 'done', text: 'One' },
      { role: 'assistant', status: 'failed', text: 'Half', error: { category: 'network' } },
    ]);
    chat.send([{ type: 'image', data: new Uint8Array([104, 105]), mediaType: 'image/png' }]);
    expect(chat.messages().map(({ status }) => status)).toEqual(['done', 'failed', 'done', 'done']);
    expect(provider.requests[1]?.messages).toEqual([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Half' },
      { role: 'user', content: [{ type: 'image', data: 'aGk=', mediaType: 'image/png' }] },
    ]);
  });
});
