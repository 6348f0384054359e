import { concat, defer, EMPTY, lastValueFrom, NEVER, type Observable, of, Subject, throwError, timer, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { currentFlowGate, FlowGate, withFlowGate } from '../src/core/flow-gate.ts';
import {
  backoff,
  createClient,
  type Message,
  type ProviderError,
  type ProviderEvent,
  type RunToolsConfig,
  result,
  runTools,
  type StreamEvent,
  type StreamRequest,
  type ToolSet,
  tool,
} from '../src/index.ts';
import { type FakeAttempt, failure, fakeProvider, finish, start, text, toolCall } from '../src/testing/index.ts';
import { categoryOf, listen, type Told } from './operators/helpers.ts';

const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'What is the weather in Rome?' }] };

const weather = tool({
  description: 'The weather of a city.',
  input: z.object({ city: z.string() }),
  execute: ({ city }) => `Sunny in ${city}`,
});

/** The turns as a provider answers them, the first of them with a call of the weather. */
const calling = (...rest: readonly FakeAttempt[]): readonly FakeAttempt[] => [
  [start(), text('Let me see. '), toolCall('weather', { city: 'Rome' }, 'c1'), finish('tool-calls', { inputTokens: 5, outputTokens: 3 })],
  ...rest,
];
const answer: FakeAttempt = [start(), text('It is sunny.'), finish('stop', { inputTokens: 20, outputTokens: 4 })];

function set(turns: readonly FakeAttempt[], config: Partial<RunToolsConfig> = {}, asked: StreamRequest = request) {
  const provider = fakeProvider(...turns);
  const client = createClient({ provider, retry: { maxAttempts: 1 } });
  const run$ = runTools(client, asked, { tools: { weather }, ...config });
  return { provider, client, run$ };
}

/** A run whose tools are not promises is over when it has been subscribed to. */
const play = (...args: Parameters<typeof set>) => {
  const { provider, run$ } = set(...args);
  return { provider, told: listen(run$) as Told<StreamEvent> };
};

const typesOf = (told: Told<StreamEvent>) => told.values.map(({ type }) => type);
const of$ = <T extends StreamEvent['type']>(told: Told<StreamEvent>, type: T) =>
  told.values.filter((event): event is Extract<StreamEvent, { type: T }> => event.type === type);
const resultsOf = (told: Told<StreamEvent>) =>
  of$(told, 'tool-result').map(({ output, isError }) => (isError ? { isError, output } : output));

describe('runTools', () => {
  it('runs the calls and asks again, as one stream with one start and one finish', () => {
    const { told, provider } = play(calling(answer));
    expect(typesOf(told)).toEqual(['start', 'text-delta', 'tool-call', 'tool-result', 'text-delta', 'finish']);
    expect(of$(told, 'tool-result')).toEqual([{ type: 'tool-result', toolCallId: 'c1', toolName: 'weather', output: 'Sunny in Rome' }]);
    expect(told.ends).toBe(1);
    expect(told.error).toBeUndefined();
    provider.verify();
  });

  it('gives the model its own answer, the results in the order of the calls, and describes the tools by their schemas', () => {
    const slow = tool({ input: z.object({}), execute: () => concat(of('early'), of('late')) });
    const calls: FakeAttempt = [
      text('Hm. '),
      toolCall('slow', {}, 'c1'),
      toolCall('weather', { city: 'Rome' }, 'c2'),
      finish('tool-calls'),
    ];
    const { provider } = play([calls, answer], { tools: { weather, slow } });
    expect(provider.requests[0]?.tools).toEqual([
      {
        name: 'weather',
        description: 'The weather of a city.',
        inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
      { name: 'slow', inputSchema: { type: 'object', properties: {} } },
    ]);
    expect(provider.requests[1]?.messages).toEqual([
      ...request.messages,
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Hm. ' },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'slow', input: {} },
          { type: 'tool-call', toolCallId: 'c2', toolName: 'weather', input: { city: 'Rome' } },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'c1', toolName: 'slow', output: 'late' },
          { type: 'tool-result', toolCallId: 'c2', toolName: 'weather', output: 'Sunny in Rome' },
        ],
      },
    ]);
  });

  it('has one result over all turns: text, calls, messages and the sum of the usage', async () => {
    const { run$ } = set(calling(answer));
    const whole = await lastValueFrom(run$.pipe(result()));
    expect(whole).toMatchObject({ text: 'Let me see. It is sunny.', toolCalls: [{ toolCallId: 'c1' }], finishReason: 'stop' });
    expect(whole.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(whole.usage).toEqual({ inputTokens: 25, outputTokens: 7, totalTokens: 32, estimated: false });
  });

  it('has one request id over all turns: the caller’s, or one for each subscription', () => {
    const own = play(calling(answer), { requestId: 'mine' }).told;
    expect([of$(own, 'start')[0]?.requestId, of$(own, 'finish')[0]?.requestId]).toEqual(['mine', 'mine']);
    const { told } = play(calling(answer));
    expect(of$(told, 'finish')[0]?.requestId).toBe(of$(told, 'start')[0]?.requestId);
    expect(of$(told, 'start')[0]?.requestId).toMatch(/^req_/);
  });

  it('is another request in each turn, also with an idempotency key of the caller’s', () => {
    const keys: (string | undefined)[] = [];
    const stream = (_: unknown, options?: { idempotencyKey?: string | undefined }) => {
      keys.push(options?.idempotencyKey);
      return EMPTY;
    };
    const client = { stream };
    listen(runTools(client as never, request, { tools: {}, idempotencyKey: 'k', maxSteps: 12 }));
    expect(keys).toEqual(['k-12', 'k']);
  });

  it('tells the parts of later turns apart from those before', () => {
    const { told } = play(calling(answer));
    expect(of$(told, 'text-delta').map(({ id }) => id)).toEqual(['text-0', '2/text-0']);
  });

  it('stops at maxSteps with an honest finish; the calls of the last turn are not run', () => {
    const execute = vi.fn(() => 'ok');
    const again = calling()[0] as FakeAttempt;
    const { told } = play([again, again], { tools: { weather: { ...weather, execute } }, maxSteps: 2 });
    expect(execute).toHaveBeenCalledTimes(1);
    expect(typesOf(told).slice(-2)).toEqual(['tool-call', 'finish']);
    expect(of$(told, 'finish')).toMatchObject([{ finishReason: 'tool-calls', usage: { inputTokens: 10 } }]);
  });

  it('goes through hundreds of turns that take no time', () => {
    const turns = Array.from({ length: 400 }, () => [toolCall('weather', { city: 'Rome' }), finish('tool-calls')] as FakeAttempt);
    const { told } = play(turns, { maxSteps: 400 });
    expect(told.error).toBeUndefined();
    expect(of$(told, 'tool-result')).toHaveLength(399);
  });

  describe('a turn that the provider paused', () => {
    const pause = { ...finish('other', { outputTokens: 1 }), rawFinishReason: 'pause_turn' } as ProviderEvent;
    const paused = (said: string): FakeAttempt => [start(), text(said), pause];

    it('is taken up by another one, with what was said so far and no message of the user’s', () => {
      const { told, provider } = play([paused('I search. '), paused('And search. '), answer]);
      expect(typesOf(told)).toEqual(['start', 'text-delta', 'text-delta', 'text-delta', 'finish']);
      expect(of$(told, 'finish')[0]).toMatchObject({ finishReason: 'stop', usage: { outputTokens: 6 } });
      expect(provider.requests.map(({ messages }) => messages)).toEqual([
        request.messages,
        [...request.messages, { role: 'assistant', content: 'I search. ' }],
        [...request.messages, { role: 'assistant', content: 'I search. ' }, { role: 'assistant', content: 'And search. ' }],
      ]);
      provider.verify();
    });

    it('is the end where it is the last of maxSteps', () => {
      const { told, provider } = play([paused('I search. '), paused('And search. ')], { maxSteps: 2 });
      expect(of$(told, 'finish')).toMatchObject([{ finishReason: 'other', rawFinishReason: 'pause_turn' }]);
      provider.verify();
    });

    it('has its calls run first', () => {
      const { told, provider } = play([[toolCall('weather', { city: 'Rome' }, 'c1'), pause], answer]);
      expect(resultsOf(told)).toEqual(['Sunny in Rome']);
      expect(provider.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    });

    it('lets messages wait until it is over', () => {
      const more: Message = { role: 'user', content: 'And in Oslo?' };
      const { told, provider } = play([paused('I search. '), answer, answer], { messages$: of(more) });
      expect(typesOf(told)).toEqual(['start', 'text-delta', 'text-delta', 'message', 'text-delta', 'finish']);
      expect(provider.requests.map(({ messages }) => messages.at(-1)?.role)).toEqual(['user', 'assistant', 'user']);
    });
  });

  it('runs no call of an answer that was cut', () => {
    for (const reason of ['length', 'content-filter', 'refusal'] as const) {
      const { told } = play([[toolCall('weather', { city: 'Ro' }), finish(reason)]]);
      expect(typesOf(told)).toEqual(['start', 'tool-call', 'finish']);
    }
  });

  it('runs the calls of an answer that says stop, as some gateways do', () => {
    expect(resultsOf(play([[toolCall('weather', { city: 'Rome' }), finish('stop')], answer]).told)).toEqual(['Sunny in Rome']);
  });

  it('runs no call that a restart has made void, and no call whose result the provider gives itself', () => {
    const restart = { type: 'restart', error: failure('interrupted'), attempt: 2, provider: 'fake', model: 'fake' } as const;
    const cities: unknown[] = [];
    const tools = { weather: { ...weather, execute: ({ city }: { city: string }) => cities.push(city) } };
    play([[toolCall('weather', { city: 'Oslo' }), restart, toolCall('weather', { city: 'Rome' }), finish()], answer], { tools });
    expect(cities).toEqual(['Rome']);
    const given = { type: 'tool-result', toolCallId: 'c9', toolName: 'search', output: 'found' } as const;
    const { told } = play([[toolCall('search', {}, 'c9'), given, text('Found.'), finish()]], { tools });
    expect(of$(told, 'finish')).toMatchObject([{ finishReason: 'stop' }]);
  });

  it('keeps the turns before where a later one restarts', async () => {
    const restart = { type: 'restart', error: failure('interrupted'), attempt: 2, provider: 'fake', model: 'fake' } as const;
    const { run$ } = set(calling([text('It rai'), restart, text('It is sunny.'), finish()]));
    const events = await lastValueFrom(run$.pipe(toArray()));
    const whole = await lastValueFrom(of(...events).pipe(result()));
    expect(whole.text).toBe('Let me see. It is sunny.');
    expect(whole.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(whole.toolCalls).toHaveLength(1);
  });

  it('puts what a later turn says of all its content behind the turns before', async () => {
    const { text: _, ...rest } = await lastValueFrom(of(finish()).pipe(result()));
    const { run$ } = set(calling([{ type: 'snapshot', result: { ...rest, text: 'It is sun', messages: [] } }, text('ny.'), finish()]));
    expect((await lastValueFrom(run$.pipe(result()))).text).toBe('Let me see. It is sunny.');
  });
});

/** A tool that keeps its signal. */
const keeping =
  <T>(signals: AbortSignal[], output: T) =>
  (_: unknown, { signal }: { signal: AbortSignal }): T => {
    signals.push(signal);
    return output;
  };

describe('a tool in a run', () => {
  const once = (execute: unknown, config: Partial<RunToolsConfig> = {}, input: unknown = { city: 'Rome' }) => {
    const tools = { weather: { ...weather, execute } } as ToolSet;
    return play([[toolCall('weather', input, 'c1'), finish('tool-calls')], answer], { tools, ...config });
  };

  it('may give its output itself, or as an Observable or a generator, of which the last value counts', () => {
    const generator = function* () {
      yield 1;
      yield 2;
    };
    const outputs: [() => unknown, unknown][] = [
      [() => 'text', 'text'],
      [() => [1, 2], [1, 2]],
      [() => ({ degrees: 20 }), { degrees: 20 }],
      [() => undefined, null],
      [() => null, null],
      [() => of(1, 2, 3), 3],
      [() => EMPTY, null],
      [generator, 2],
    ];
    for (const [execute, output] of outputs) expect(resultsOf(once(execute).told)).toEqual([output]);
  });

  it('may give its output as a promise or an async iterable', async () => {
    const generator = async function* () {
      yield 1;
      yield 2;
    };
    const web = () => new Response('b').body?.pipeThrough(new TextDecoderStream());
    for (const [execute, output] of [
      [async () => ['a', 'b'], ['a', 'b']],
      [generator, 2],
      [web, 'b'],
    ] as const) {
      const { run$ } = set(calling(answer), { tools: { weather: { ...weather, execute } } as ToolSet });
      const events = await lastValueFrom(run$.pipe(toArray()));
      expect(events).toContainEqual(expect.objectContaining({ type: 'tool-result', output }));
    }
  });

  it('that fails is told to the model, redacted and bounded, and the run goes on', () => {
    const failing: [unknown, string | RegExp][] = [
      [new Error('no such city'), 'no such city'],
      ['a string', 'a string'],
      [undefined, 'the tool failed'],
      [null, 'the tool failed'],
      [new Error(`${'x'.repeat(5_000)}`), /^x{1024}…$/],
      [new Error('Bearer sk-proj-4f9Kd02mQz81xLw7RtYp\n'), /redacted/],
      [failure('overloaded', { detail: 'busy' }), 'busy'],
      [
        Object.defineProperty({}, 'message', {
          get: () => {
            throw new Error('no');
          },
        }),
        'the tool failed',
      ],
    ];
    for (const [thrown, error] of failing) {
      const throwing = () => {
        throw thrown;
      };
      for (const execute of [throwing, () => throwError(() => thrown)]) {
        const { told, provider } = once(execute);
        const matching = typeof error === 'string' ? error : expect.stringMatching(error);
        expect(resultsOf(told)).toEqual([{ isError: true, output: { error: matching } }]);
        expect(of$(told, 'finish')).toHaveLength(1);
        expect(provider.requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', content: [{ isError: true }] });
      }
    }
  });

  it('that gives what JSON cannot hold, or too much of it, has failed', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const output of [circle, 1n, Symbol('no')]) {
      const error = 'the output of the tool cannot be written as JSON';
      expect(resultsOf(once(() => output).told)).toEqual([{ isError: true, output: { error } }]);
    }
    const { told } = once(() => 'x'.repeat(50), { maxOutputCharacters: 40 });
    expect(resultsOf(told)).toEqual([{ isError: true, output: { error: 'the output of the tool is longer than 40 characters' } }]);
  });

  it('is not run with an input that its schema refuses: the model is told tool and path', () => {
    const execute = vi.fn();
    const { told } = once(execute, {}, { city: 7 });
    expect(execute).not.toHaveBeenCalled();
    expect(resultsOf(told)).toMatchObject([{ isError: true, output: { error: expect.stringContaining('weather.city: ') } }]);
  });

  it('that is not there is told to the model with the names of those that are', () => {
    for (const name of ['forecast', 'constructor', '__proto__']) {
      const { told } = play([[toolCall(name, {}), finish('tool-calls')], answer]);
      expect(resultsOf(told)).toEqual([{ isError: true, output: { error: 'there is no tool of this name; there are: weather' } }]);
    }
  });

  it('gets what the schema made of the input, with the conversation and the id of the call', () => {
    const execute = vi.fn(() => 'ok');
    const tools = { double: { input: z.object({ n: z.coerce.number() }), execute } };
    play([[toolCall('double', { n: '21' }, 'c7'), finish('tool-calls')], answer], { tools });
    const [input, context] = execute.mock.calls[0] as unknown as [
      unknown,
      { messages: Message[]; toolCallId: string; signal: AbortSignal },
    ];
    expect(input).toEqual({ n: 21 });
    expect(context.toolCallId).toBe('c7');
    expect(context.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(context.signal.aborted).toBe(false);
  });

  it('whose failure is to end the run ends it with what was said, and no retry above runs it again', () => {
    const execute = vi.fn(() => throwError(() => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })));
    const { told } = once(execute, { onToolError: 'fail' });
    const error = told.error as ProviderError;
    expect(error).toMatchObject({
      category: 'network',
      phase: 'streaming',
      provider: 'fake',
      partial: { toolCalls: [{ toolCallId: 'c1' }] },
    });
    expect(error.requestId).toBe(of$(told, 'start')[0]?.requestId);
    expect(categoryOf(once(execute, { onToolError: 'fail' }, { city: 7 }).told)).toBe('invalid-output');
    expect(categoryOf(play([[toolCall('no', {}), finish()]], { onToolError: 'fail' }).told)).toBe('invalid-output');
    const config = backoff();
    expect(() => listen((config.delay as (e: unknown, n: number) => Observable<unknown>)(error, 1))).not.toThrow();
    expect(listen((config.delay as (e: unknown, n: number) => Observable<unknown>)(error, 1)).error).toBe(error);
  });

  it('without execute, or of the request itself, is for the caller; the others are run', () => {
    const ask = { input: z.object({}) };
    const own = { name: 'own', inputSchema: {} };
    const calls = [toolCall('weather', { city: 'Rome' }, 'c1'), toolCall('ask', {}, 'c2'), toolCall('own', 7, 'c3'), finish('tool-calls')];
    const { told, provider } = play(
      [calls],
      { tools: { weather, ask } },
      { ...request, tools: [own, { name: 'weather', inputSchema: {} }] },
    );
    expect(typesOf(told).slice(-2)).toEqual(['tool-result', 'finish']);
    expect(of$(told, 'finish')).toMatchObject([{ finishReason: 'tool-calls' }]);
    expect(provider.requests[0]?.tools?.map(({ name }) => name)).toEqual(['own', 'weather', 'ask']);
    const refused = play([[toolCall('ask', 'no object', 'c2'), finish('tool-calls')], answer], { tools: { ask } }).told;
    expect(of$(refused, 'finish')).toMatchObject([{ finishReason: 'stop' }]);
  });

  it('is aborted when the consumer leaves, and not when it has ended by itself', () => {
    const signals: AbortSignal[] = [];
    const { told } = once(keeping(signals, NEVER));
    expect(signals[0]?.aborted).toBe(false);
    told.subscription.unsubscribe();
    expect(signals[0]?.aborted).toBe(true);
    once(keeping(signals, 'done'));
    expect(signals[1]?.aborted).toBe(false);
  });

  it('that settles after the consumer has left changes nothing, and leaves nothing unhandled', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    let reject: (error: Error) => void = () => undefined;
    const { told } = once(() => new Promise((_, fail) => (reject = fail)));
    const before = told.values.length;
    told.subscription.unsubscribe();
    reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    expect([told.values.length, told.ends]).toEqual([before, 0]);
  });
});

describe('a run', () => {
  it('takes in messages behind the results, and emits them where they stand', () => {
    const arriving = new Subject<Message>();
    const also: Message = { role: 'user', content: 'And in Oslo?' };
    const execute = () => {
      arriving.next(also);
      return 'Sunny';
    };
    const { told, provider } = play(calling(answer), { tools: { weather: { ...weather, execute } }, messages$: arriving });
    expect(provider.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
    expect(told.values as unknown[]).toContainEqual({ type: 'message', message: also });
    expect(arriving.observed).toBe(false);
  });

  it('answers in a further turn what came while the model was done, within maxSteps', () => {
    const wish: Message = { role: 'user', content: 'Shorter, please.' };
    const { told, provider } = play([answer, [text('Sunny.'), finish()]], { messages$: of(wish) });
    expect(provider.requests[1]?.messages.slice(1)).toEqual([{ role: 'assistant', content: 'It is sunny.' }, wish]);
    expect(of$(told, 'finish')).toHaveLength(1);
    expect(typesOf(play([answer], { messages$: of(wish), maxSteps: 1 }).told)).toEqual(['start', 'text-delta', 'finish']);
  });

  it('fails with its messages, and when too many of them wait', () => {
    expect(categoryOf(play([NEVER], { messages$: throwError(() => failure('network')) }).told)).toBe('network');
    const many = of(...Array.from({ length: 257 }, (): Message => ({ role: 'user', content: 'x' })));
    expect(categoryOf(play([NEVER], { messages$: many }).told)).toBe('buffer-overflow');
  });

  it('raises what fails in a later turn with what all turns have said', () => {
    const { told } = play(calling([text('It is'), failure('overloaded')]));
    expect(told.error).toMatchObject({ category: 'overloaded', phase: 'streaming', provider: 'fake' });
    const { partial } = told.error as ProviderError;
    expect(partial?.text).toBe('Let me see. It is');
    expect(partial?.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(of$(told, 'finish')).toHaveLength(0);
  });

  it('is not run again by a retry above when a later turn fails before its content', () => {
    const { told } = play(calling(failure('overloaded')));
    expect(told.error).toMatchObject({ category: 'overloaded', phase: 'streaming', partial: { text: 'Let me see. ' } });
  });

  it('raises what fails in the first turn as the client does', () => {
    const { told } = play([failure('authentication')]);
    expect(told.error).toMatchObject({ category: 'authentication', phase: 'connect', partial: undefined });
  });

  it('ends with cancelled when the signal aborts, in a tool too', () => {
    const stop = new AbortController();
    const signals: AbortSignal[] = [];
    const execute = keeping(signals, NEVER);
    const { told } = play(calling(answer), { tools: { weather: { ...weather, execute } }, signal: stop.signal });
    stop.abort();
    expect(told.error).toMatchObject({ category: 'cancelled', partial: { text: 'Let me see. ' } });
    expect(signals[0]?.aborted).toBe(true);
  });

  it('completes where the consumer aborts at the finish: a failure after the end is none', () => {
    const stop = new AbortController();
    const { run$ } = set(calling(answer), { signal: stop.signal });
    const told = listen(run$, { next: ({ type }) => type === 'finish' && stop.abort() });
    expect([told.ends, told.error]).toEqual([1, undefined]);
  });

  it('lets a forced choice of a tool hold for the first turn only', () => {
    for (const toolChoice of ['required', { toolName: 'weather' }] as const) {
      const { provider } = play(calling(answer), {}, { ...request, toolChoice });
      expect(provider.requests.map((each) => each.toolChoice)).toEqual([toolChoice, 'auto']);
    }
    const { provider } = play(calling(answer), {}, { ...request, toolChoice: 'auto' });
    expect(provider.requests.map((each) => each.toolChoice)).toEqual(['auto', 'auto']);
  });

  it('is cold: each subscription is a run of its own', () => {
    const execute = vi.fn(() => 'ok');
    const { run$, provider } = set([...calling(answer), ...calling(answer)], { tools: { weather: { ...weather, execute } } });
    expect(provider.requests).toHaveLength(0);
    expect([listen(run$).ends, listen(run$).ends, execute.mock.calls.length]).toEqual([1, 1, 2]);
  });

  it('raises invalid-request for a bad request, and for a body of the provider’s own', () => {
    expect(categoryOf(play([], {}, { model: 'm', messages: [] }).told)).toBe('invalid-request');
    expect(categoryOf(play([], {}, null as never).told)).toBe('invalid-request');
    expect(play([], {}, { ...request, rawBody: {} }).told.error).toMatchObject({ category: 'invalid-request', reason: /rawBody/ });
  });

  it('raises interrupted where a client of somebody else’s completes without a finish', () => {
    const client = { stream: () => of({ type: 'text-delta', id: '0', text: 'Hel' }) };
    const { error } = listen(runTools(client as never, request, { tools: {} }));
    expect(error).toMatchObject({ category: 'interrupted', partial: { text: 'Hel' } });
  });

  it('refuses bad options when it is made, by name', () => {
    const make = (config: unknown) => () => runTools(set([]).client, request, config as RunToolsConfig);
    expect(make(undefined)).toThrow(/^runTools: /);
    expect(make({})).toThrow('runTools: tools is missing');
    expect(make({ tools: { weather: { input: {} } } })).toThrow('runTools: tools.weather.input must be a Standard Schema');
    expect(make({ tools: { weather: { ...weather, execute: 1 } } })).toThrow('runTools: tools.weather.execute must be a function, got 1');
    expect(make({ tools: {}, maxSteps: 0 })).toThrow('runTools: maxSteps must be a whole number from 1 to 1000, got 0');
    expect(make({ tools: {}, messages$: [] })).toThrow('messages$ must be an Observable');
    expect(make({ tools: {}, onToolError: 'ignore' })).toThrow('onToolError must be report or fail');
    expect(make({ tools: {}, maxStep: 1 })).toThrow('maxStep is not an option');
    expect(make({ tools: {}, timeout: { total: 0 } })).toThrow('timeout.total');
  });

  it('lets a slow consumer pause later turns too, after a tool that took its time', () => {
    vi.useFakeTimers();
    const gates: (FlowGate | undefined)[] = [];
    const turns = [[toolCall('weather', { city: 'Rome' }), finish('tool-calls')], [finish()]];
    const stream = () =>
      defer(() => {
        gates.push(currentFlowGate());
        return turns.shift() as unknown as StreamEvent[];
      });
    const tools = { weather: { ...weather, execute: () => timer(100) } };
    const consumer = new FlowGate();
    withFlowGate(consumer, () => listen(runTools({ stream } as never, request, { tools })));
    vi.advanceTimersByTime(100);
    expect(gates).toEqual([consumer, consumer]);
    vi.useRealTimers();
  });

  it('sets no timer that outlives a tool', () => {
    vi.useFakeTimers();
    const { told } = play(calling(answer), { tools: { weather: { ...weather, execute: () => timer(100) } } });
    vi.advanceTimersByTime(100);
    expect([told.ends, vi.getTimerCount()]).toEqual([1, 0]);
    vi.useRealTimers();
  });
});
