import { concat, map, of, take, timer } from 'rxjs';
import type { Provider, ProviderEvent, StreamRequest } from '../../../src/index.ts';
import { finish, text, toolCall } from '../../../src/testing/index.ts';

export interface Story {
  readonly name: string;
  readonly words: number;
  /** After so many words a tool is called; none by default. */
  readonly callAfter?: number | undefined;
}

export function textOf({ name, words }: Story): string {
  return Array.from({ length: words }, (_, index) => `${name}-${index}`).join(' ');
}

export function requestFor(story: Story): StreamRequest {
  return { model: 'teller', messages: [{ role: 'user', content: JSON.stringify(story) }] };
}

function eventsOf(story: Story): readonly ProviderEvent[] {
  const events = textOf(story)
    .split(/(?= )/)
    .map((word) => text(word));
  if (story.callAfter !== undefined) events.splice(story.callAfter, 0, toolCall('pay', {}, `call-${story.name}`));
  return [...events, finish()];
}

/**
 * A provider that tells a story, an event each few milliseconds, the same in every process; goes on from what was told where it is asked to; and keeps
 * its stories, so that they are resumed by name and place.
 */
export function teller(every: number): Provider {
  const tell = (story: string, place: number) => ({ url: 'story:', headers: { story, place: String(place) } });
  return {
    name: 'teller',
    capabilities: { resume: true, prefill: () => true },
    request({ messages }) {
      const last = messages.at(-1);
      const told = last?.role === 'assistant' ? String(last.content).split(' ').length : 0;
      return tell(String(messages[0]?.content), told);
    },
    resume({ cursor = '' }) {
      const [place = '', story = ''] = cursor.split(/:(.*)/);
      return tell(story, Number(place));
    },
    transport: ({ headers }) => {
      const { story = '', place = '' } = headers;
      const events = eventsOf(JSON.parse(story) as Story).slice(Number(place));
      const messages$ = timer(0, every).pipe(
        take(events.length),
        map((index) => ({ type: 'message' as const, event: '', data: '', id: '', value: events[index] })),
      );
      return concat(of({ type: 'head' as const, status: 200, headers: new Headers({ story, place }) }), messages$);
    },
    decoder({ headers }) {
      let place = Number(headers.get('place'));
      return {
        get cursor() {
          return `${place}:${headers.get('story')}`;
        },
        decode(message) {
          place++;
          return [message.value as ProviderEvent];
        },
      };
    },
  };
}
