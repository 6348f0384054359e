import { concat, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { fakeProvider, finish, text } from '../../src/testing/index.ts';

it('a deadline that passes after the end asks nobody else, and is no failure', async () => {
  const spare = fakeProvider([text('again'), finish()]);
  const client = createClient({
    provider: fakeProvider(concat(of(text('Hello'), finish()), NEVER)),
    fallback: [{ provider: spare, model: 'spare', afterContent: true }],
    retry: { initialDelay: 1, afterContent: true },
    timeout: { idle: 5 },
  });
  const events = await lastValueFrom(client.stream({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }).pipe(toArray()));
  expect(events.map(({ type }) => type)).toEqual(['start', 'text-delta', 'finish']);
  expect(spare.requests).toHaveLength(0);
});
