import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { decode, openai, type ResponseHead, type SseMessage } from '../../src/index.ts';

const head: ResponseHead = { type: 'head', status: 200, headers: new Headers() };
const message = (delta: object): SseMessage => ({
  type: 'message',
  event: '',
  id: '',
  data: JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] }),
});

it('a message that comes while another is being delivered waits for its turn', () => {
  const messages$ = new Subject<ResponseHead | SseMessage>();
  const said: string[] = [];
  let isFirst = true;
  messages$.pipe(decode(openai(), { requestId: 'r', attempt: 1, model: 'm' })).subscribe((event) => {
    if (!('text' in event)) return;
    said.push(event.text);
    if (isFirst) {
      isFirst = false;
      messages$.next(message({ content: '2' }));
    }
  });
  messages$.next(head);
  messages$.next(message({ reasoning_content: 'R', content: '1' }));
  expect(said).toEqual(['R', '1', '2']);
});

it('a second head is no second start', () => {
  const messages$ = new Subject<ResponseHead | SseMessage>();
  const types: string[] = [];
  messages$.pipe(decode(openai(), { requestId: 'r', attempt: 1, model: 'm' })).subscribe(({ type }) => types.push(type));
  messages$.next(head);
  messages$.next(head);
  expect(types).toEqual(['start']);
});
