import { concat, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type EventLike, type SplitThinkTagsConfig, type StreamEvent, splitThinkTags } from '../../src/index.ts';
import { failure, finish, reasoning, start, text, toolCall } from '../../src/testing/index.ts';
import { listen } from './helpers.ts';

const split = (events: readonly EventLike[], config?: SplitThinkTagsConfig) => {
  const told = listen(of(...events).pipe(splitThinkTags(config)));
  const joined = (type: string) =>
    told.values
      .filter((event) => event.type === type)
      .map((event) => (event as Extract<StreamEvent, { type: 'text-delta' }>).text)
      .join('');
  return { ...told, text: joined('text-delta'), reasoning: joined('reasoning-delta') };
};

describe('splitThinkTags', () => {
  it.each([
    [{ opening: '' }, 'opening'],
    [{ closing: 7 }, 'closing'],
    [{ startsInside: 'yes' }, 'startsInside'],
    [{ tag: 'think' }, 'tag'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => splitThinkTags(config as never)).toThrow(TypeError);
    expect(() => splitThinkTags(config as never)).toThrow(`splitThinkTags: ${field}`);
  });

  it('passes a delta of metadata alone on while a tag is held', () => {
    const signature = Object.assign(text(''), { providerMetadata: { gemini: { thoughtSignature: 's' } } });
    const told = split([text('<thi'), signature, text('nk>why</think>so'), finish()]);
    expect(told).toMatchObject({ text: 'so', reasoning: 'why' });
    expect(told.values).toContainEqual(signature);
  });

  it.each<[string, string, string, string, SplitThinkTagsConfig?]>([
    ['at the beginning', '\n<think>why</think>so', 'why', 'so'],
    ['not later on', 'so <think>why</think>', '', 'so <think>why</think>'],
    ['anywhere, if asked for', 'a<think>b</think>c<think>d</think>e < f<', 'bd', 'ace < f<', { anywhere: true }],
    ['where only the closing one comes', 'why</think>so', 'why', 'so', { startsInside: true }],
    ['where both come after all', '<think>why</think>so', 'why', 'so', { startsInside: true }],
    ['where none comes', 'why</thin', 'why</thin', '', { startsInside: true }],
    ['where it never closes', '<think>why</', 'why</', ''],
    ['of another name', '[R]why[/R]so', 'why', 'so', { opening: '[R]', closing: '[/R]' }],
    ['that is no tag', '<thinking>', '', '<thinking>'],
  ])('splits by a tag %s, however it is cut', (_name, content, thought, said, config) => {
    for (let size = 1; size <= content.length; size++) {
      const deltas = content.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(split([start(), ...deltas.map((delta) => text(delta)), finish()], config)).toMatchObject({ reasoning: thought, text: said });
    }
  });

  it('passes everything else on as it is, and text that it does not change', () => {
    const events = [start(), text('a'), toolCall('look', {}), { type: 'mine' }, text('b'), finish()];
    const told = split(events);
    told.values.forEach((value, index) => {
      expect(value).toBe(events[index]);
    });
    expect(told.values).toHaveLength(events.length);
  });

  it.each([
    ['a tool call', toolCall('look', {})],
    ['the finish', finish()],
  ])('lets go what it holds before %s', (_name, event) => {
    expect(split([text('<th'), event]).values).toEqual([text('<th'), event]);
  });

  it('lets go what it holds before an error', () => {
    const error = failure('interrupted');
    const told = listen(
      concat(
        of(text('<th')),
        throwError(() => error),
      ).pipe(splitThinkTags()),
    );
    expect(told.values).toEqual([text('<th')]);
    expect(told.error).toBe(error);
  });

  it('says reasoning once that comes as events and in tags', () => {
    expect(split([reasoning('why'), text('<think>why</think>so')])).toMatchObject({ reasoning: 'why', text: 'so' });
    expect(split([text('<think>wh'), reasoning('wh'), text('y</think>so')])).toMatchObject({ reasoning: 'why', text: 'so' });
  });

  it('begins anew after a restart, and forgets what is void', () => {
    const restart = { type: 'restart' };
    expect(split([text('<th'), restart, text('<think>why</think>so')])).toMatchObject({ reasoning: 'why', text: 'so' });
  });

  it('splits a snapshot too, and goes on from it', () => {
    const result = { text: '<think>why</think>s', reasoning: '', messages: [{ role: 'assistant', content: '<think>why</think>s' }] };
    const told = split([{ type: 'snapshot', result } as EventLike, text('o')]);
    expect(told.values[0]).toMatchObject({ result: { text: 's', reasoning: 'why', messages: [{ content: 's' }] } });
    expect(told.text).toBe('o');
  });

  it('gives a cursor only to an event behind which nothing is held', () => {
    const { values } = split([
      { ...text('<think>why<'), cursor: '1' } as StreamEvent,
      { ...text('/think>so'), cursor: '2' } as StreamEvent,
    ]);
    expect(values).toEqual([reasoning('why'), { ...text('so'), cursor: '2' }]);
  });

  it('survives an answer of nothing but tags', () => {
    expect(split([text('<think></think>'.repeat(50_000))], { anywhere: true })).toMatchObject({
      reasoning: '',
      text: '',
      error: undefined,
    });
  });
});
