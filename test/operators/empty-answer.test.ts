import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type ClientConfig, createClient, type StreamEvent } from '../../src/index.ts';
import { type FakeAttempt, fakeProvider, finish, text } from '../../src/testing/index.ts';

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello' }] };

function typesOf(attempts: readonly FakeAttempt[], rules: NonNullable<ClientConfig['classify']>['rules']): Promise<StreamEvent['type'][]> {
  const provider = fakeProvider(...attempts);
  const client = createClient({ provider, retry: { initialDelay: 1, maxAttempts: 2 }, classify: { rules } });
  return firstValueFrom(client.stream(request).pipe(toArray())).then((events) => events.map(({ type }) => type));
}

describe('a complete but empty answer', () => {
  it('is an answer', async () => {
    expect(await typesOf([[finish()]], [{ message: 'anything', retryable: true }])).toEqual(['start', 'finish']);
  });

  it('is tried again, without a trace, where a rule says so', async () => {
    const rules = [{ code: 'empty-answer', retryable: true }];
    expect(await typesOf([[finish()], [text('Hello'), finish()]], rules)).toEqual(['retry', 'start', 'text-delta', 'finish']);
  });

  it('is an error with the rule’s category when it is empty every time', async () => {
    const rules = [{ code: 'empty-answer', category: 'interrupted' as const }];
    await expect(typesOf([[finish()], [finish()]], rules)).rejects.toMatchObject({
      category: 'interrupted',
      code: 'empty-answer',
      gaveUp: 'attempts',
    });
  });

  it('is an honest finish where the limit or a filter ended it', async () => {
    const rules = [{ code: 'empty-answer', retryable: true }];
    expect(await typesOf([[finish('length')]], rules)).toEqual(['start', 'finish']);
    expect(await typesOf([[finish('content-filter')]], rules)).toEqual(['start', 'finish']);
  });
});
