import { NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type EventLike,
  type JsonSnapshot,
  json,
  type ProviderError,
  parsePartialJson,
  type StandardSchemaV1,
  textDeltas,
} from '../../src/index.ts';
import { failure, finish, reasoning, start, text, toolCall } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap } from './helpers.ts';

const Recipe = z.object({ title: z.string(), steps: z.array(z.string()) });
const Order = z.object({ items: z.array(z.object({ price: z.number() })) });
const restart = (): EventLike =>
  ({ type: 'restart', error: failure('interrupted'), attempt: 2, provider: 'other', model: 'm' }) as EventLike;
const snapshot = (said: string): EventLike =>
  ({ type: 'snapshot', result: { text: said, reasoning: '', toolCalls: [], messages: [] } }) as EventLike;
const refusal = (said: string): EventLike => ({ type: 'refusal-delta', id: 'r', text: said }) as EventLike;

/** What is told of an answer, its text cut as it stands here. */
function told<S extends StandardSchemaV1>(schema: S, ...events: (EventLike | string)[]) {
  return listen(of(...events.map((event) => (typeof event === 'string' ? text(event) : event))).pipe(json(schema)));
}
const errorOf = (of: { readonly error: unknown }): ProviderError => of.error as ProviderError;

/** A schema by hand: that there are other libraries than zod. */
function handmade<T>(validate: StandardSchemaV1<unknown, T>['~standard']['validate']): StandardSchemaV1<unknown, T> {
  return { '~standard': { version: 1, vendor: 'by hand', validate } };
}

describe('json', () => {
  it('shows the value as it grows, and the whole at the end', () => {
    const { values, error, ends } = told(Recipe, '```json\n{"title": "Pa', 'sta", "steps": ["Boil"', ', "Eat"]}', '\n```', finish());
    expect(error).toBeUndefined();
    expect(ends).toBe(1);
    expect(values).toEqual([
      { done: false, value: { title: 'Pa' } },
      { done: false, value: { title: 'Pasta', steps: ['Boil'] } },
      { done: false, value: { title: 'Pasta', steps: ['Boil', 'Eat'] } },
      { done: true, value: { title: 'Pasta', steps: ['Boil', 'Eat'] } },
    ]);
  });

  it('gives what the schema makes of the value, and asks it once', () => {
    const validate = vi.fn((value: unknown) => ({ value: `made of ${JSON.stringify(value)}` }));
    const { values } = told(handmade(validate), '{"a":', '1}', finish());
    expect(values.at(-1)).toEqual({ done: true, value: 'made of {"a":1}' });
    expect(validate).toHaveBeenCalledTimes(1);
  });

  it('takes a schema that is a function, as those of arktype are', () => {
    const schema = Object.assign(
      () => undefined,
      handmade((value) => ({ value })),
    );
    expect(told(schema, '[1]').values.at(-1)).toEqual({ done: true, value: [1] });
  });

  it('waits for a schema that is asynchronous, and says nothing to whoever has left', async () => {
    const schema = handmade(async (value) => ({ value }));
    const stays = told(schema, '{"a":1}', finish());
    const leaves = told(schema, '{"a":1}', finish());
    leaves.subscription.unsubscribe();
    expect(stays.ends).toBe(0);
    await vi.waitFor(() => expect(stays.ends).toBe(1));
    expect(stays.values.at(-1)).toEqual({ done: true, value: { a: 1 } });
    expect(leaves.ends).toBe(0);
    expect(leaves.values).toHaveLength(1);
  });

  it('says which path is wrong', () => {
    const { error } = told(Order, start(), '{"items":[{"price":1},{"price":2},{"price":"3"}]}', finish());
    expect(error).toMatchObject({ category: 'invalid-output', code: 'schema', retryable: false, phase: 'streaming', provider: 'fake' });
    expect(errorOf({ error }).message).toMatch(/^fake fake: invalid-output: items\[2\]\.price: .*expected number/);
    expect(errorOf({ error }).partial?.text).toContain('"price":"3"');
    expect(errorOf({ error }).cause).toMatchObject([{ path: ['items', 2, 'price'] }]);
  });

  it('names several paths in the detail, in whatever form the schema gives them', () => {
    const issues = [{ message: 'must be short', path: [{ key: 'a' }, 0] }, { message: 'must be there', path: ['b c'] }, { message: 'no' }];
    const { error } = told(
      handmade(() => ({ issues })),
      '{}',
    );
    expect(errorOf({ error }).reason).toBe('a[0]: must be short');
    expect(errorOf({ error }).detail).toBe('a[0]: must be short; ["b c"]: must be there; the value: no');
  });

  it.each<[string, StandardSchemaV1['~standard']['validate']]>([
    [
      'throws',
      () => {
        throw new Error('of the schema');
      },
    ],
    ['rejects', () => Promise.reject(new Error('of the schema'))],
    ['gives nothing', () => undefined as never],
    ['gives nothing, later', async () => undefined as never],
  ])('raises `invalid-output` for a schema that %s', async (_case, validate) => {
    const it = told(handmade(validate), '{}', finish());
    await vi.waitFor(() => expect(it.ends).toBe(1));
    expect(it.error).toMatchObject({ category: 'invalid-output', code: 'schema', cause: expect.any(Error) });
  });

  it.each<[string, z.ZodType]>([
    ['refinement', z.object({ a: z.number().refine(() => Promise.reject(new Error('of the check'))) })],
    ['transformation', z.object({ a: z.number() }).transform(() => Promise.reject(new Error('of the check')))],
  ])('leaves no rejection of an asynchronous %s of zod unhandled', async (_kind, schema) => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const it = told(schema, '{"a":1}', finish());
    await vi.waitFor(() => expect(it.ends).toBe(1));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(it.error).toMatchObject({ category: 'invalid-output', code: 'schema', cause: new Error('of the check') });
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('asks an asynchronous check of zod once, and one that is none gives its answer at once', async () => {
    const isFree = vi.fn(async (name: string) => name === 'Pasta');
    const Dish = z.object({ title: z.string().refine(isFree, { error: 'is taken' }) });
    const right = told(Dish, '{"title":"Pasta"}', finish());
    const wrong = told(Dish, '{"title":"Pizza"}', finish());
    await vi.waitFor(() => expect([right.ends, wrong.ends]).toEqual([1, 1]));
    expect(right.values.at(-1)).toEqual({ done: true, value: { title: 'Pasta' } });
    expect(wrong.error).toMatchObject({ code: 'schema', reason: 'title: is taken' });
    expect(isFree).toHaveBeenCalledTimes(2);
    const Length = z.object({ title: z.string().transform(({ length }) => length) });
    expect(told(Length, '{"title":"Pasta"}', finish()).values.at(-1)).toEqual({ done: true, value: { title: 5 } });
    const wrongType = told(Length, '{"title":1}', finish());
    expect(wrongType.error).toMatchObject({ code: 'schema', reason: 'title: Invalid input: expected string, received number' });
  });

  it('raises malformed JSON at once, after what was not shown yet, and lets go of the source', () => {
    const source = new Tap(new Observable<EventLike>((subscriber) => subscriber.next(text('{"title": "Pasta", "steps": nothing}'))));
    const it = listen(source.stream.pipe(json(Recipe)));
    expect(it.values).toEqual([{ done: false, value: { title: 'Pasta' } }]);
    expect(it.error).toMatchObject({ category: 'invalid-output', code: 'json', reason: expect.stringContaining('at steps') });
    expect(errorOf(it).partial?.text).toContain('Pasta');
    expect(source.running).toBe(0);
  });

  it('shows the incomplete value before the error of an answer that was cut, of which the text remains (jsn-06)', () => {
    const it = told(Recipe, '{"title": "Pa', finish());
    expect(it.values).toEqual([{ done: false, value: { title: 'Pa' } }]);
    expect(it.error).toMatchObject({ category: 'invalid-output', code: 'json', reason: 'the text ended at title' });
    expect(parsePartialJson(errorOf(it).partial?.text ?? '')).toMatchObject({ value: { title: 'Pa' }, complete: false });
  });

  it.each<[string, (EventLike | string)[], object]>([
    [
      'the limit on output tokens',
      ['{"title": "Pa', finish('length')],
      { category: 'invalid-output', code: 'length', reason: expect.stringContaining('the answer was cut at the limit on output tokens') },
    ],
    ['a content filter', ['{"title": "Pa', finish('content-filter')], { category: 'content-filter', retryable: false }],
    [
      'a refusal',
      [refusal('I must '), refusal('not.'), finish('stop')],
      { category: 'invalid-output', code: 'refusal', reason: 'the model refused', detail: 'I must not.' },
    ],
    ['a refusal in the text', ['I cannot.', finish('refusal')], { category: 'invalid-output', code: 'refusal', detail: 'I cannot.' }],
    [
      'a talkative model',
      ['Sure! Which recipe?', finish()],
      { category: 'invalid-output', code: 'json', reason: 'the text holds no JSON', detail: 'Sure! Which recipe?' },
    ],
    ['a tool call', [toolCall('t', {}), finish('tool-calls')], { category: 'invalid-output', reason: 'the text holds no JSON' }],
    ['an empty answer', [finish()], { category: 'invalid-output', reason: 'the text holds no JSON' }],
    ['more text than is allowed', [`{"title": "${'x'.repeat(4_194_304)}`], { category: 'buffer-overflow', phase: 'local' }],
  ])('tells why there is no value: %s', (_case, events, expected) => {
    expect(told(Recipe, ...events).error).toMatchObject(expected);
  });

  it('bounds and cleans what it tells of the text', () => {
    const { error } = told(Recipe, `token=sk-abcdefghijklmnop \u001b[31m ${'x'.repeat(10_000)}`, finish());
    expect(errorOf({ error }).detail?.length).toBeLessThanOrEqual(1_025);
    expect(JSON.stringify(error)).not.toMatch(/sk-abc|\\u001b/);
  });

  it('takes a value that is whole, whatever the reason of the end', () => {
    for (const reason of ['length', 'content-filter', 'refusal'] as const) {
      expect(told(z.any(), '{"a":1} and then', finish(reason)).values.at(-1)).toEqual({ done: true, value: { a: 1 }, rest: 'and then' });
    }
  });

  it('begins anew after a restart, with what follows', () => {
    const { values, error } = told(Recipe, '{"title": "Pa', restart(), '{"title": "Ri', 'sotto", "steps": []}', finish());
    expect(error).toBeUndefined();
    expect(values.map(({ value }) => value.title)).toEqual(['Pa', 'Ri', 'Risotto', 'Risotto']);
  });

  it('forgets what was wrong before a restart, and what an answer told of before it', () => {
    const it = told(Recipe, 'none', restart(), '{"title"', finish());
    expect(it.error).toMatchObject({ provider: 'other', reason: 'the text ended at title' });
    expect(errorOf(it).partial?.text).toBe('{"title"');
  });

  it('takes a snapshot for all that was said so far', () => {
    const { values } = told(Recipe, '{"title": "Pa', snapshot('{"title": "Pas'), 'ta", "steps": []}', finish());
    expect(values.map(({ value }) => value.title)).toEqual(['Pa', 'Pas', 'Pasta', 'Pasta']);
  });

  it('shows what is new before it fails with its source', () => {
    const error = failure('interrupted');
    const it = listen(
      new Observable<EventLike>((subscriber) => {
        subscriber.next(text('{"title": "Pa'));
        subscriber.error(error);
      }).pipe(json(Recipe)),
    );
    expect(it.error).toBe(error);
    expect(it.values).toHaveLength(1);
    expect(listen(throwError(() => error).pipe(json(Recipe))).values).toEqual([]);
  });

  it('emits nothing where nothing changed', () => {
    expect(
      told(z.any(), start(), 'Well: ', '{', '  ', '"a"', ' : ', '', reasoning('{"no":1}'), '1', '2', '}', '  ', finish()).values,
    ).toEqual([
      { done: false, value: {} },
      { done: false, value: { a: 12 } },
      { done: true, value: { a: 12 } },
    ]);
  });

  it('takes a number for the answer where it is nothing else (jsn-20)', () => {
    expect(told(z.number(), '4', '2', finish()).values).toEqual([{ done: true, value: 42 }]);
  });

  it('never changes a value that it showed', () => {
    const values: JsonSnapshot<unknown>[] = [];
    const copies: string[] = [];
    const whole = JSON.stringify({ a: [{ b: ['x', 'y'] }, { c: { d: 'z' } }] });
    of(...[...whole].map((piece) => text(piece)))
      .pipe(json(z.any()))
      .subscribe((value) => {
        values.push(value);
        copies.push(JSON.stringify(value));
      });
    expect(values.map((value) => JSON.stringify(value))).toEqual(copies);
    expect(values.length).toBeGreaterThan(10);
  });

  it('shows a wide array less often than it grows, but its end', () => {
    const numbers = Array.from({ length: 20_000 }, (_, index) => index);
    const pieces = JSON.stringify(numbers).match(/.{1,4}/g) as string[];
    const { values } = told(z.any(), ...pieces, finish());
    const slots = values.reduce((sum, { value }) => sum + value.length, 0);
    expect(values.length).toBeGreaterThan(500);
    expect(slots).toBeLessThan(pieces.length * 4 * 64);
    expect(values.at(-2)).toEqual({ done: false, value: numbers });
    expect(values.at(-1)).toEqual({ done: true, value: numbers });
  });

  it('leaves the text as it is for whoever reads that (jsn-16, jsn-17, jsn-18)', () => {
    const source = of(text('{"a":'), text(' 1}'), finish());
    expect(listen(source.pipe(textDeltas())).values.join('')).toBe('{"a": 1}');
    expect(listen(source.pipe(json(z.any()))).values.at(-1)).toEqual({ done: true, value: { a: 1 } });
  });

  it('keeps nothing for the next subscription (jsn-15)', () => {
    const subject = new Subject<EventLike>();
    const piped = subject.pipe(json(z.any()));
    listen(piped);
    subject.next(text('{"a": "'));
    const late = listen(piped);
    subject.next(text('[1]'));
    subject.complete();
    expect(late.values.at(-1)).toEqual({ done: true, value: [1] });
  });

  it('ends with whoever takes enough', () => {
    const source = firehose((index) => text(index === 0 ? '["' : 'x'));
    const it = listen(source.stream.pipe(json(z.any()), take(3)));
    expect(it.values).toHaveLength(3);
    expect(source.running).toBe(0);
    const silent = new Tap<EventLike>(NEVER);
    listen(silent.stream.pipe(json(z.any()))).subscription.unsubscribe();
    expect(silent.running).toBe(0);
  });

  it('throws a TypeError for what is no schema, and for an option that it does not know', () => {
    for (const schema of [undefined, null, {}, { '~standard': {} }, 'zod']) expect(() => json(schema as never)).toThrow(TypeError);
    expect(() => json(undefined as never)).toThrow(/^json: the value/);
    expect(() => json(Recipe, { maxCharacters: 0 })).toThrow(/json: maxCharacters/);
    expect(() => json(Recipe, { maxdepth: 1 } as never)).toThrow(/json: maxdepth is not an option/);
    expect(categoryOf(listen(of(text('[[[1]]]')).pipe(json(z.any(), { maxDepth: 2 }))))).toBe('invalid-output');
  });
});
