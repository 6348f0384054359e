import { NEVER, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type RunToolsConfig, runTools, type StreamEvent, tool } from '../../src/index.ts';
import type { AnswerOptions, Script } from '../../src/testing/fault-server.ts';
import {
  clientOf,
  collect,
  eventsOf,
  expectAborted,
  expectError,
  expectText,
  quiet,
  request,
  serve,
  typesOf,
  wires,
  within,
} from './support.ts';

const weather = tool({
  description: 'The weather of a city.',
  input: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, sky: 'clear' }),
});

const calling = { text: 'Let me see. ', toolCalls: [{ name: 'weather', id: 'call_a', input: { city: 'Rome' } }] };

describe.each(wires)('a run with tools over %s', (wire) => {
  async function run(script: Script, config: Partial<RunToolsConfig> = {}) {
    const server = await serve(script);
    const client = clientOf(wire, server.url);
    const run$ = runTools(client, request, { tools: { weather }, ...config }) as Observable<StreamEvent>;
    return { server, run$ };
  }

  it('asks, calls the tool, and asks again with its result', async () => {
    const { server, run$ } = await run([calling, { text: 'The sky is clear.' }]);
    const ending = await collect(run$);
    expectText(ending, 'Let me see. The sky is clear.');
    expect(eventsOf(ending.events, 'tool-result')).toMatchObject([{ toolCallId: 'call_a', output: { city: 'Rome', sky: 'clear' } }]);
    expect(server.requests).toHaveLength(2);
    const [first, second] = server.requests.map(
      ({ body }) => body as Readonly<Record<'messages' | 'tools' | 'input' | 'contents', object[]>>,
    );
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const output = '{"city":"Rome","sky":"clear"}';
    if (wire === 'openai') {
      expect(first?.tools).toMatchObject([{ type: 'function', function: { name: 'weather', parameters } }]);
      expect(second?.messages.slice(1)).toEqual([
        {
          role: 'assistant',
          content: 'Let me see. ',
          tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_a', content: output },
      ]);
    } else if (wire === 'openai-responses') {
      expect(first?.tools).toMatchObject([{ type: 'function', name: 'weather', parameters }]);
      expect(second?.input.slice(-2)).toMatchObject([
        { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{"city":"Rome"}' },
        { type: 'function_call_output', call_id: 'call_a', output },
      ]);
    } else if (wire === 'gemini') {
      expect(first?.tools).toMatchObject([{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: parameters }] }]);
      expect(second?.contents.slice(1)).toMatchObject([
        { role: 'model', parts: [{ text: 'Let me see. ' }, { functionCall: { name: 'weather', args: { city: 'Rome' } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: { city: 'Rome', sky: 'clear' } } } }] },
      ]);
    } else {
      expect(first?.tools).toMatchObject([{ name: 'weather', input_schema: parameters }]);
      expect(second?.messages.slice(1)).toMatchObject([
        { role: 'assistant', content: [{ type: 'text' }, { type: 'tool_use', id: 'call_a', name: 'weather', input: { city: 'Rome' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_a', content: output }] },
      ]);
    }
  });

  it('tries a turn again that fails before content, and calls the tool once', async () => {
    let executed = 0;
    const counting = { ...weather, execute: () => ++executed };
    const { server, run$ } = await run([{ status: 503 }, calling, { status: 503 }, { text: 'Done.' }], { tools: { weather: counting } });
    const events: string[] = [];
    await within(
      new Promise<void>((resolve, reject) => run$.subscribe({ next: ({ type }) => events.push(type), error: reject, complete: resolve })),
    );
    expect(events.filter((type) => type === 'retry')).toHaveLength(2);
    expect(events.filter((type) => type === 'start' || type === 'finish')).toEqual(['start', 'finish']);
    expect([executed, server.requests.length]).toEqual([1, 4]);
  });

  it('aborts the tool and asks nobody again when the consumer leaves', async () => {
    const { server, run$ } = await run([calling, { text: 'never' }], {
      tools: { weather: { ...weather, execute: (_: unknown, { signal }: { signal: AbortSignal }) => pending(signal) } },
    });
    let aborted = (): void => undefined;
    let begun = (): void => undefined;
    const [hasBegun, wasAborted] = [new Promise<void>((resolve) => (begun = resolve)), new Promise<void>((resolve) => (aborted = resolve))];
    const pending = (signal: AbortSignal) => {
      signal.addEventListener('abort', aborted);
      begun();
      return new Promise(() => undefined);
    };
    const subscription = run$.subscribe();
    await within(hasBegun);
    subscription.unsubscribe();
    await within(wasAborted);
    await quiet();
    expect(server.requests).toHaveLength(1);
  });

  it('closes the socket of a later turn when the consumer leaves', async () => {
    const { server, run$ } = await run([calling, { text: ['One', ' two'], after: 1, fault: 'stall' } as AnswerOptions]);
    const seen = new Promise<void>((resolve) => {
      const subscription = run$.subscribe((event) => {
        if (event.type !== 'text-delta' || event.text !== 'One') return;
        subscription.unsubscribe();
        resolve();
      });
    });
    await within(seen);
    await expectAborted(server.requests[1]);
  });

  it('ends with cancelled when the signal aborts in a tool', async () => {
    const stop = new AbortController();
    const execute = () => {
      setImmediate(() => stop.abort());
      return NEVER;
    };
    const { server, run$ } = await run([calling, { text: 'never' }], { tools: { weather: { ...weather, execute } }, signal: stop.signal });
    const error = expectError(await collect(run$), { category: 'cancelled' });
    expect(error.partial?.text).toBe('Let me see. ');
    expect(server.requests).toHaveLength(1);
  });

  it('fails with what all turns have said where a later one is cut', async () => {
    const { run$ } = await run([calling, { text: ['The sky', ' is'], after: 2, fault: 'reset' } as AnswerOptions]);
    const ending = await collect(run$);
    const error = expectError(ending, { category: ['interrupted', 'network'], phase: 'streaming' });
    expect(error.partial?.text).toBe('Let me see. The sky is');
    expect(error.partial?.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(typesOf(ending.events)).toContain('tool-result');
  });
});
