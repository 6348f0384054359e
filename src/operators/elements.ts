import { Observable, type OperatorFunction, of } from 'rxjs';
import * as z from 'zod';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { JsonText } from '../policies/json-text.ts';
import { boundedConcatMap } from './bounded-concat-map.ts';
import { JsonAnswer, type JsonConfig, jsonLimits } from './json-answer.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { check, refusedBySchema, type SchemaOutput, type SchemaResult, type StandardSchemaV1, schemaSchema } from './standard-schema.ts';

/** Where the elements of an answer are. */
export interface ElementsConfig extends JsonConfig {
  /** The members that lead to the array, with dots between: `items`, `data.rows`. Default: none, the outermost array. */
  readonly path?: string | undefined;
  /** When a `restart` makes elements void that were emitted: raise the restart's error, or emit the new ones too. Default: `error`. */
  readonly onRestart?: 'error' | 'ignore' | undefined;
}

const optionsSchema = z.strictObject({
  ...jsonLimits,
  path: z
    .string({ error: 'must be the names of members with dots between' })
    .regex(/^[^.]+(\.[^.]+)*$/, { error: 'must be the names of members with dots between' })
    .optional(),
  onRestart: z.enum(['error', 'ignore'], { error: 'must be error or ignore' }).default('error'),
});

/** An element that was not checked yet, and which one it is. */
interface Element {
  readonly value: unknown;
  readonly index: number;
  /** Tells an error which answer it is about. */
  readonly complete: (error: ProviderError) => ProviderError;
}

/**
 * The items of an array, each as soon as it is complete, checked against a schema (any Standard Schema).
 *
 * Emits what the schema makes of each item, in order, and completes with the source. Without `path`, the answer is an array, or JSON
 * lines: objects one behind the other, of which each is an item. Text before and after, and a Markdown fence, are no obstacle. No more
 * than one item is kept; while an asynchronous schema is at work, up to 256 more wait, and the source is paused.
 *
 * Raises `invalid-output` for an item that the schema refuses (the message names the path, `[2].price: …`), for malformed JSON, and at
 * the end, after the items, where the array was not closed or never came; `buffer-overflow` for an item beyond `maxCharacters`. After
 * a `restart` that follows an item, raises the restart's error. A `snapshot` adds what is missing; one that contradicts the text so
 * far is raised as `replay-gap`. Fails with the source.
 *
 * @throws TypeError for what is no Standard Schema, and for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const Film = z.object({ title: z.string(), year: z.number() });
 * client.stream(request).pipe(elements(Film, { path: 'films' })).subscribe((film) => addRow(film));
 * ```
 *
 * @see [marbles/elements.md](../../marbles/elements.md)
 */
export function elements<S extends StandardSchemaV1>(schema: S, config: ElementsConfig = {}): OperatorFunction<EventLike, SchemaOutput<S>> {
  parseOptions('elements', schemaSchema, schema);
  const options = parseOptions('elements', optionsSchema, config);
  const path = options.path?.split('.') ?? [];
  const validate = ({ value, index, complete }: Element) => {
    const accept = (result: SchemaResult<SchemaOutput<S>>): SchemaOutput<S> => {
      if (result.issues) throw complete(refusedBySchema(result, [...path, index]));
      return result.value;
    };
    const result = check(schema, value);
    return result instanceof Promise ? result.then(accept) : of(accept(result));
  };
  return (source) => source.pipe(rawElements(path, options), boundedConcatMap(validate));
}

function rawElements(path: readonly string[], options: z.output<typeof optionsSchema>): OperatorFunction<EventLike, Element> {
  return (source) =>
    new Observable((subscriber) => {
      const answer = new JsonAnswer();
      const complete = (error: ProviderError): ProviderError => answer.complete(error);
      let emitted = 0;
      const deliver = (value: unknown, index: number): void => {
        emitted++;
        subscriber.next({ value, index, complete });
      };
      let text = new JsonText(options, { path, deliver });

      const begin = (): void => {
        text = new JsonText(options, { path, deliver });
        emitted = 0;
      };
      const write = (piece: string): void => {
        text.write(piece);
        if (text.failure) throw answer.failed(text.failure, text);
      };
      /** Returns what a snapshot says beyond what was said. */
      const newIn = (whole: string, said: string | undefined): string => {
        if (said !== undefined && whole.startsWith(said)) return whole.slice(said.length);
        if (emitted > 0) throw new ProviderError({ category: 'replay-gap', reason: 'a snapshot contradicts the text so far' });
        begin();
        return whole;
      };

      source.subscribe(
        new OperatorSubscriber<EventLike>(subscriber, {
          next: (value) => {
            const event = value as StreamEvent;
            const said = event.type === 'snapshot' ? answer.text : undefined;
            answer.add(event);
            if (event.type === 'text-delta') write(event.text);
            else if (event.type === 'snapshot') write(newIn(event.result.text, said));
            else if (event.type === 'restart') {
              if (emitted > 0 && options.onRestart === 'error') throw event.error;
              begin();
            }
          },
          complete: () => {
            text.end();
            if (text.failure) throw answer.failed(text.failure, text);
            subscriber.complete();
          },
        }),
      );
    });
}
