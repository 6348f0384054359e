import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { type EventLike, isContentEvent, type StreamEvent } from '../core/event.ts';
import { parseOptions } from '../core/options.ts';
import type { StreamResult } from '../core/stream-result.ts';
import { type SplitContent, ThinkTags } from '../policies/think-tags.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** How a model that thinks aloud marks its reasoning. */
export interface SplitThinkTagsConfig {
  /** The tag before reasoning, 1 to 64 characters. Default: `<think>`. */
  readonly opening?: string | undefined;
  /** The tag behind it, 1 to 64 characters. Default: `</think>`. */
  readonly closing?: string | undefined;
  /**
   * Whether an answer begins inside, because the server's chat template has put the opening tag into the prompt. Nothing is held for it:
   * all is reasoning until the closing tag comes, and if none comes, the whole answer was. Default: false.
   */
  readonly startsInside?: boolean | undefined;
  /** Whether an opening tag counts anywhere in the text, and not only at its beginning, after white space at most. Default: false. */
  readonly anywhere?: boolean | undefined;
}

const tag = z.string({ error: 'must be a string' }).min(1, 'must not be empty').max(64, 'must have at most 64 characters');
const flag = z.boolean({ error: 'must be true or false' });
const schema = z.strictObject({
  opening: tag.optional(),
  closing: tag.optional(),
  startsInside: flag.optional(),
  anywhere: flag.optional(),
});

type TextDelta = Extract<StreamEvent, { readonly type: 'text-delta' }>;
type Snapshot = Extract<StreamEvent, { readonly type: 'snapshot' }>;

const reasoningId = 'reasoning-0';

/**
 * Makes reasoning of what stands between `<think>` and `</think>` in the text, for servers that do not do it themselves.
 *
 * Emits `reasoning-delta` for what is between the tags, `text-delta` for the rest, and everything else as it is. The tags may be cut
 * anywhere; what may be the beginning of one is held, and let go before other content, the end, or an error. A source that has
 * reasoning events of its own says the same in them: then what the tags hold is dropped. A `restart` or a `seam` begins anew.
 *
 * @throws TypeError for an option that is unknown or not of its type.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(splitThinkTags({ startsInside: true }), textDeltas());
 * ```
 */
export function splitThinkTags<T extends EventLike>(config: SplitThinkTagsConfig = {}): MonoTypeOperatorFunction<T> {
  const options = parseOptions('splitThinkTags', schema, config);
  return (source) =>
    new Observable((subscriber) => {
      let tags = new ThinkTags(options);
      /** Which of the two ways reasoning came first; a source that uses both says the same in them. */
      let reasoningFrom: 'events' | 'tags' | undefined;
      /** The event whose text is held, or came last. */
      let latest: TextDelta | undefined;

      const emit = (event: StreamEvent): void => subscriber.next(event as EventLike as T);

      const emitParts = (parts: SplitContent, event: TextDelta): void => {
        const { cursor, ...shared } = event;
        for (let part: SplitContent | undefined = parts; part && !subscriber.closed; part = part.next) {
          // Whoever comes back at a cursor must have all that is before it.
          const at = cursor === undefined || part.next || tags.holdsAny ? {} : { cursor };
          if (part.reasoning !== '' && reasoningFrom !== 'events') {
            reasoningFrom = 'tags';
            emit({ type: 'reasoning-delta', id: reasoningId, text: part.reasoning, ...(part.text === '' ? at : {}) });
          }
          if (part.text !== '') emit({ ...shared, text: part.text, ...at });
        }
      };

      const flush = (): void => {
        if (tags.holdsAny && latest) emitParts(tags.end(), { ...latest, cursor: undefined });
      };

      const say = (event: TextDelta): void => {
        if (latest && latest.id !== event.id) flush();
        latest = event;
        const parts = tags.split(event.text);
        if (parts.text === event.text && !parts.next && !tags.holdsAny) emit(event);
        else emitParts(parts, event);
      };

      const take = (value: T): void => {
        const event = value as EventLike as StreamEvent;
        switch (event.type) {
          case 'text-delta':
            // One that carries metadata alone has nothing to split.
            if (event.text === '') break;
            say(event);
            return;
          case 'reasoning-delta':
            if (tags.thinking && reasoningFrom === 'tags') return;
            reasoningFrom = 'events';
            break;
          case 'restart':
            // What is held is void too.
            tags = new ThinkTags(options);
            reasoningFrom = undefined;
            break;
          case 'seam':
            flush();
            tags = new ThinkTags(options);
            break;
          case 'snapshot':
            tags = new ThinkTags(options);
            reasoningFrom = event.result.reasoning === '' ? undefined : 'events';
            emit(splitSnapshot(event, tags));
            return;
          default:
            if (event.type === 'finish' || isContentEvent(event)) flush();
        }
        subscriber.next(tags.holdsAny && event.cursor !== undefined ? { ...value, cursor: undefined } : value);
      };

      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: take,
          error: (error) => {
            flush();
            subscriber.error(error);
          },
          complete: () => {
            flush();
            subscriber.complete();
          },
        }),
      );
    });
}

/** What was said so far, as it would have come. What may be the beginning of a tag comes with the next delta. */
function splitSnapshot(event: Snapshot, tags: ThinkTags): Snapshot {
  const { result } = event;
  let text = '';
  let reasoning = '';
  for (let part: SplitContent | undefined = tags.split(result.text); part; part = part.next) {
    text += part.text;
    reasoning += part.reasoning;
  }
  if (text === result.text) return event;
  const messages = result.messages.map((message) =>
    message.role === 'assistant' && message.content === result.text ? { ...message, content: text } : message,
  );
  const split: StreamResult = { ...result, text, reasoning: result.reasoning || reasoning, messages };
  return { ...event, result: split };
}
