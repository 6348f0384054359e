import { Observable, of, Subject, take } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type ElementsConfig, type EventLike, elements, type ProviderError, type StandardSchemaV1 } from '../../src/index.ts';
import { failure, finish, start, text } from '../../src/testing/index.ts';
import { firehose, listen } from './helpers.ts';

const Item = z.object({ id: z.number() });
const restart = (): EventLike => ({ type: 'restart', error: failure('interrupted'), attempt: 2, provider: 'p', model: 'm' }) as EventLike;
const snapshot = (said: string): EventLike =>
  ({ type: 'snapshot', result: { text: said, reasoning: '', toolCalls: [], messages: [] } }) as EventLike;
const eventsOf = (events: readonly (EventLike | string)[]) =>
  of(...events.map((event) => (typeof event === 'string' ? text(event) : event)));
const told = (config: ElementsConfig, ...events: (EventLike | string)[]) => listen(eventsOf(events).pipe(elements(Item, config)));
const ids = (values: readonly { readonly id: number }[]) => values.map(({ id }) => id);

describe('elements', () => {
  it('emits each item when its last character has come', () => {
    const subject = new Subject<EventLike>();
    const it = listen(subject.pipe(elements(Item)));
    const counts = ['Here:\n```json\n[{"id"', ':1}', ',{"id":2', '},{"id":3}', ']', '\n```'].map((piece) => {
      subject.next(text(piece));
      return it.values.length;
    });
    expect(counts).toEqual([0, 1, 1, 3, 3, 3]);
    expect(it.ends).toBe(0);
    subject.complete();
    expect(it.ends).toBe(1);
    expect(it.error).toBeUndefined();
  });

  it('emits scalars, strings and arrays as well', () => {
    const { values } = listen(eventsOf(['[1, "a", [2], nu', 'll, 3', '4]']).pipe(elements(z.any())));
    expect(values).toEqual([1, 'a', [2], null, 34]);
  });

  it('completes without an item for an empty array', () => {
    expect(told({}, '[]', finish())).toMatchObject({ values: [], ends: 1, error: undefined });
  });

  it('finds the array behind a path, and only there', () => {
    const it = told(
      { path: 'data.items' },
      '{"items":[{"id":0}],"data":{"other":[7],"items":[{"id":1,"items":[8]},{"id":2}],"items2":[9]',
      '}}',
      finish(),
    );
    expect(it.error).toBeUndefined();
    expect(ids(it.values)).toEqual([1, 2]);
  });

  it('ignores what follows the array, also where it is cut or no JSON', () => {
    expect(told({ path: 'items' }, '{"items":[{"id":1}], oops', finish('length'))).toMatchObject({ values: [{ id: 1 }], error: undefined });
    expect(told({}, '[{"id":1}] {"id":2} [3', finish())).toMatchObject({ values: [{ id: 1 }], error: undefined });
  });

  it('takes objects one behind the other for items, with or without a newline, prose between or none (jsn-03, jsn-11)', () => {
    expect(ids(told({}, '{"id":1}{"id":2}', finish()).values)).toEqual([1, 2]);
    const it = told({}, '```\n{"id":1}\n{"id"', ':2}\n{"id":3}\n```\nThat [is] all.', finish());
    expect(it.error).toBeUndefined();
    expect(ids(it.values)).toEqual([1, 2, 3]);
  });

  it('raises `invalid-output` after the items of JSON lines whose last is cut (jsn-19)', () => {
    const it = told({}, '{"id":1}\n{"id":', finish());
    expect(ids(it.values)).toEqual([1]);
    expect(it.error).toMatchObject({ category: 'invalid-output', code: 'json', reason: 'the text ended at id' });
  });

  it.each<[string, ElementsConfig, string, string]>([
    ['outermost', {}, '[{"id":1},{"id":2},{"id":"3"},{"id":4}]', '[2].id'],
    ['behind a path', { path: 'a.b' }, '{"a":{"b":[{"id":1},{"id":2},{"id":"3"}]}}', 'a.b[2].id'],
  ])('names the path of an item that the schema refuses: %s', (_case, config, whole, path) => {
    const it = told(config, start(), whole, finish());
    expect(ids(it.values)).toEqual([1, 2]);
    expect(it.error).toMatchObject({ category: 'invalid-output', code: 'schema', provider: 'fake' });
    expect((it.error as ProviderError).reason?.startsWith(`${path}: `)).toBe(true);
    expect((it.error as ProviderError).partial?.text).toBe(whole);
  });

  it.each<[string, ElementsConfig, string, EventLike, object]>([
    ['is not closed', {}, '[{"id":1},{"id":', finish(), { category: 'invalid-output', reason: 'the text ended at [1].id' }],
    ['is cut', {}, '[{"id":1}', finish('length'), { category: 'invalid-output', code: 'length' }],
    ['never came', {}, 'No items.', finish(), { category: 'invalid-output', reason: 'the text holds no JSON', detail: 'No items.' }],
    ['is not at the path', { path: 'a.b' }, '{"a":{"c":[1]}}', finish(), { category: 'invalid-output', reason: 'no array at a.b' }],
    ['is malformed', {}, '[{"id":1} {"id":2}]', finish(), { category: 'invalid-output', reason: 'no comma behind an item at [1]' }],
    ['was cut by a filter', {}, '[{"id":1}', finish('content-filter'), { category: 'content-filter' }],
  ])('raises an error, after the items, where the array %s', (_case, config, whole, end, expected) => {
    const it = told(config, whole, end);
    expect(it.error).toMatchObject(expected);
    expect(ids(it.values)).toEqual(whole.includes('"id":1') ? [1] : []);
  });

  it('keeps the order, and the error in its place, where the schema is asynchronous', async () => {
    const waits: (() => void)[] = [];
    const schema: StandardSchemaV1<unknown, number> = {
      '~standard': {
        version: 1,
        vendor: 'by hand',
        validate: (value) =>
          new Promise((resolve) => {
            waits.push(() => resolve(value === 3 ? { issues: [{ message: 'not three' }] } : { value: value as number }));
          }),
      },
    };
    const it = listen(eventsOf(['[1,2,3,4]', finish()]).pipe(elements(schema)));
    expect(it.values).toEqual([]);
    for (const count of [1, 2, 2]) {
      waits.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
      expect(it.values).toHaveLength(count);
    }
    expect(it.values).toEqual([1, 2]);
    expect(it.error).toMatchObject({ category: 'invalid-output', reason: '[2]: not three' });
    expect(waits).toEqual([]);
  });

  it('delivers what was complete before an error of the source', async () => {
    const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'by hand', validate: async (value) => ({ value }) } };
    const source = new Observable<EventLike>((subscriber) => {
      subscriber.next(text('[1,2,'));
      subscriber.error(failure('network'));
    });
    const it = listen(source.pipe(elements(schema)));
    await vi.waitFor(() => expect(it.ends).toBe(1));
    expect(it.values).toEqual([1, 2]);
    expect(it.error).toMatchObject({ category: 'network' });
  });

  it('raises the error of a restart after an item, and begins anew after one before', () => {
    expect(told({}, '[{"id":1},', restart(), '[{"id":1}]')).toMatchObject({ values: [{ id: 1 }], error: { category: 'interrupted' } });
    expect(told({}, '[{"id":', restart(), '[{"id":5}]')).toMatchObject({ values: [{ id: 5 }], error: undefined });
    expect(told({ onRestart: 'ignore' }, '[{"id":1},', restart(), '[{"id":1},{"id":2}]')).toMatchObject({
      values: [{ id: 1 }, { id: 1 }, { id: 2 }],
      error: undefined,
    });
  });

  it('takes of a snapshot what is new, and raises `replay-gap` for one that contradicts what was emitted', () => {
    expect(ids(told({}, '[{"id":1},', snapshot('[{"id":1},{"id":2},'), '{"id":3}]').values)).toEqual([1, 2, 3]);
    expect(ids(told({}, snapshot('[{"id":1},'), '{"id":2}]').values)).toEqual([1, 2]);
    expect(told({}, '[{"id":1},', snapshot('[{"id":2},'))).toMatchObject({ values: [{ id: 1 }], error: { category: 'replay-gap' } });
    expect(ids(told({}, '[{"i', snapshot('[{"id":2},'), '{"id":3}]').values)).toEqual([2, 3]);
  });

  it('bounds an item, not the answer', () => {
    const many = Array.from({ length: 100 }, (_, id) => `{"id":${id}}`);
    expect(told({ maxCharacters: 20 }, '[', ...many.map((item) => `${item},`), '{"id":0}]').values).toHaveLength(101);
    expect(told({ maxCharacters: 20 }, '[{"id":1},', '{"id":1,"more":"', 'x'.repeat(20))).toMatchObject({
      values: [{ id: 1 }],
      error: { category: 'buffer-overflow' },
    });
  });

  it('unsubscribes when enough was taken, also within one delta', () => {
    const source = firehose((index) => text(index === 0 ? '[{"id":0}' : `,{"id":${index}}`));
    expect(ids(listen(source.stream.pipe(elements(Item), take(3))).values)).toEqual([0, 1, 2]);
    expect(source.running).toBe(0);
    expect(ids(listen(of(text('[{"id":0},{"id":1},{"id":2}]')).pipe(elements(Item), take(2))).values)).toEqual([0, 1]);
  });

  it('throws a TypeError for what is no schema, and for options that are wrong', () => {
    expect(() => elements({} as never)).toThrow(/^elements: the value must be a Standard Schema/);
    for (const path of ['', '.a', 'a..b', 7]) expect(() => elements(Item, { path: path as string })).toThrow(/^elements: path/);
    expect(() => elements(Item, { onRestart: 'retry' as never })).toThrow(/^elements: onRestart/);
    expect(() => elements(Item, { maxItems: 3 } as never)).toThrow(TypeError);
  });
});
