import { lastValueFrom, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type EventLike, type ProviderError, type StreamResult, tool, toolCalls, toolDefinitions } from '../../src/index.ts';
import { failure, finish, start, text, toolCall } from '../../src/testing/index.ts';
import { categoryOf, listen } from './helpers.ts';

const weather = tool({ description: 'The weather.', input: z.object({ city: z.string(), days: z.coerce.number().optional() }) });

describe('toolCalls', () => {
  it('emits what the schema makes of each input, and nothing else', () => {
    const source = of<EventLike[]>(start(), text('Hm.'), toolCall('weather', { city: 'Rome', days: '3' }, 'c1'), { type: 'own' }, finish());
    const told = listen(source.pipe(toolCalls({ weather })));
    expect(told.values).toEqual([{ toolCallId: 'c1', toolName: 'weather', input: { city: 'Rome', days: 3 } }]);
    expect([told.ends, told.error]).toEqual([1, undefined]);
  });

  it('keeps the order where one schema is asynchronous and takes longer', async () => {
    const slow = { input: z.object({}).refine(() => new Promise<boolean>((resolve) => setImmediate(() => resolve(true)))) };
    const source = of(toolCall('slow', {}, 'c1'), toolCall('weather', { city: 'Rome' }, 'c2'), finish());
    const calls = await lastValueFrom(source.pipe(toolCalls({ slow, weather }), toArray()));
    expect(calls.map(({ toolCallId }) => toolCallId)).toEqual(['c1', 'c2']);
  });

  it('raises invalid-output that names tool and path, with what was said so far, after the calls before', () => {
    const source = of(start(), text('Hm.'), toolCall('weather', { city: 'Rome' }), toolCall('weather', { city: 7 }), finish());
    const told = listen(source.pipe(toolCalls({ weather })));
    expect(told.values).toHaveLength(1);
    expect(told.error).toMatchObject({ category: 'invalid-output', code: 'schema', provider: 'fake', partial: { text: 'Hm.' } });
    expect((told.error as ProviderError).message).toContain('weather.city: ');
  });

  it('raises it too where an asynchronous schema refuses, or one throws', async () => {
    const later = { input: z.string().refine(async () => false) };
    await expect(lastValueFrom(of(toolCall('later', 'x')).pipe(toolCalls({ later })))).rejects.toMatchObject({ code: 'schema' });
    const throwing = {
      input: {
        '~standard': {
          ...weather.input['~standard'],
          validate: () => {
            throw new Error('no');
          },
        },
      },
    } as never;
    expect(categoryOf(listen(of(toolCall('throwing', {})).pipe(toolCalls({ throwing }))))).toBe('invalid-output');
  });

  it('raises it for a tool that is not there, also by a name that every object has', () => {
    for (const name of ['forecast', 'toString', '__proto__']) {
      const { error } = listen(of(toolCall(name, {})).pipe(toolCalls({ weather })));
      expect(error).toMatchObject({ category: 'invalid-output', code: 'unknown-tool', reason: expect.stringContaining(name) });
    }
  });

  it('takes a restart after a call as its failure, unless told to ignore it; before any call it is none', () => {
    const restart = { type: 'restart', error: failure('interrupted') };
    const call = toolCall('weather', { city: 'Rome' });
    expect(categoryOf(listen(of<EventLike[]>(call, restart, call).pipe(toolCalls({ weather }))))).toBe('interrupted');
    expect(listen(of<EventLike[]>(restart, call).pipe(toolCalls({ weather }))).values).toHaveLength(1);
    expect(listen(of<EventLike[]>(call, restart, call).pipe(toolCalls({ weather }, { onRestart: 'ignore' }))).values).toHaveLength(2);
  });

  it('takes from a snapshot what is missing, and raises replay-gap where it contradicts', () => {
    const result = (...ids: string[]) =>
      ({
        toolCalls: ids.map((toolCallId) => ({ toolCallId, toolName: 'weather', input: { city: 'Rome' } })),
        text: '',
        reasoning: '',
      }) as unknown as StreamResult;
    const call = toolCall('weather', { city: 'Rome' }, 'c1');
    const told = listen(of<EventLike[]>(call, { type: 'snapshot', result: result('c1', 'c2') } as EventLike).pipe(toolCalls({ weather })));
    expect(told.values.map(({ toolCallId }) => toolCallId)).toEqual(['c1', 'c2']);
    const gap = listen(of<EventLike[]>(call, { type: 'snapshot', result: result('c9') } as EventLike).pipe(toolCalls({ weather })));
    expect(categoryOf(gap)).toBe('replay-gap');
  });

  it('fails with its source, and begins anew for each subscriber', () => {
    expect(categoryOf(listen(throwError(() => failure('network')).pipe(toolCalls({ weather }))))).toBe('network');
    const calls$ = of(toolCall('weather', { city: 'Rome' })).pipe(toolCalls({ weather }));
    expect([listen(calls$).values.length, listen(calls$).values.length]).toEqual([1, 1]);
  });

  it('refuses at once what is no tool, and an option that it does not know', () => {
    expect(() => toolCalls({ weather: {} } as never)).toThrow('toolCalls: tools.weather.input is missing: it must be a Standard Schema');
    expect(() => toolCalls({ weather }, { onRestart: 'retry' } as never)).toThrow('onRestart must be error or ignore');
  });
});

describe('tool', () => {
  it('describes its input by its schema, without saying which draft', () => {
    expect(weather.inputSchema).toEqual({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'number' } },
      required: ['city'],
    });
  });

  it('prefers the description that is given', () => {
    expect(tool({ input: z.date(), inputSchema: { type: 'string' } }).inputSchema).toEqual({ type: 'string' });
  });

  it('refuses an input that cannot be described, and says what to do', () => {
    const silent = { '~standard': { version: 1, vendor: 'by hand', validate: (value: unknown) => ({ value }) } } as const;
    expect(() => tool({ input: silent })).toThrow(/^tool has an input without JSON Schema: describe it with inputSchema/);
    expect(() => tool({ input: z.date() })).toThrow(
      /^tool has an input that cannot be said as JSON Schema \(.*\): describe it with inputSchema/,
    );
    const odd = { '~standard': { ...silent['~standard'], jsonSchema: { input: () => 'object' } } };
    expect(() => tool({ input: odd })).toThrow('whose JSON Schema is not an object');
    expect(() => toolDefinitions({ silent: { input: silent } })).toThrow(/^toolDefinitions: the tool silent has an input/);
    expect(() => tool({ input: 7 } as never)).toThrow('tool: input must be a Standard Schema, got 7');
  });
});

describe('toolDefinitions', () => {
  it('gives a request its tools', () => {
    const ask = { input: { '~standard': weather.input['~standard'] } };
    expect(toolDefinitions({ weather, ask })).toEqual([
      { name: 'weather', description: 'The weather.', inputSchema: weather.inputSchema },
      { name: 'ask', inputSchema: weather.inputSchema },
    ]);
  });
});
