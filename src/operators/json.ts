import { Observable, type OperatorFunction } from 'rxjs';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { parseOptions } from '../core/options.ts';
import { SnapshotPace } from '../policies/json-snapshots.ts';
import { JsonText } from '../policies/json-text.ts';
import { JsonAnswer, type JsonConfig, jsonSchema } from './json-answer.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { check, refusedBySchema, type SchemaOutput, type SchemaResult, type StandardSchemaV1, schemaSchema } from './standard-schema.ts';

/** A value of which any member, at any depth, may be missing still. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T;

/** A typed answer as it grows, and at its end. */
export type JsonSnapshot<T> =
  | {
      readonly done: false;
      /** What has come, not yet checked against the schema. Never changed afterwards. */
      readonly value: DeepPartial<T>;
    }
  | {
      readonly done: true;
      /** What the schema made of the whole. */
      readonly value: T;
      /** What the text says behind the value, if it says something; at most 4,096 characters. */
      readonly rest?: string | undefined;
    };

/**
 * The answer as a typed value: as far as it has come, and at the end the whole, checked against a schema (zod, valibot, arktype or any
 * other Standard Schema, also one that is asynchronous).
 *
 * Emits `{ done: false, value }` as the JSON grows: at each change while the value is small, and less often where a wide array or
 * object would have to be copied, so that the cost stays linear in the text. Strings are shown while they grow; numbers, literals and
 * members when their value is known. The JSON may stand behind a sentence or in a Markdown fence; the first array or object counts. A
 * number, a string or a literal counts where the answer is nothing else. After a `restart` the value begins anew; a `snapshot`
 * replaces it. At the end of the source emits `{ done: true, value }` and completes.
 *
 * Raises `invalid-output` as soon as the JSON is malformed, and at the end where it is cut, missing, or not what the schema wants: the
 * message names the path (`items[2].price: …`), `error.code` is `json`, `length` (cut at the limit on output tokens), `refusal` or
 * `schema`, and `error.partial` has the text, for `parsePartialJson`. Raises `content-filter` where a filter cut it, and
 * `buffer-overflow` beyond `maxCharacters`. What was not shown yet is emitted first. Fails with the source.
 *
 * @throws TypeError for what is no Standard Schema, and for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const Recipe = z.object({ title: z.string(), steps: z.array(z.string()) });
 * client.stream(request).pipe(json(Recipe)).subscribe((recipe) => {
 *   show(recipe.value.title, recipe.value.steps);
 *   if (recipe.done) save(recipe.value);
 * });
 * ```
 *
 * @see [marbles/json.md](../../marbles/json.md)
 */
export function json<S extends StandardSchemaV1>(
  schema: S,
  config: JsonConfig = {},
): OperatorFunction<EventLike, JsonSnapshot<SchemaOutput<S>>> {
  parseOptions('json', schemaSchema, schema);
  const limits = parseOptions('json', jsonSchema, config);
  return (source) =>
    new Observable<JsonSnapshot<SchemaOutput<S>>>((subscriber) => {
      const answer = new JsonAnswer();
      let text = new JsonText(limits);
      let pace = new SnapshotPace();

      const show = (): void => subscriber.next({ done: false, value: text.snapshot() as DeepPartial<SchemaOutput<S>> });
      const showRest = (): void => {
        if (pace.isBehind(text.changes)) show();
      };
      const begin = (): void => {
        text = new JsonText(limits);
        pace = new SnapshotPace();
      };
      const write = (piece: string): void => {
        text.write(piece);
        if (text.failure) {
          showRest();
          throw answer.failed(text.failure, text);
        }
        if (pace.isDue(text.changes, text.isComplete ? 0 : text.weight, piece.length)) show();
      };
      const end = (result: SchemaResult<SchemaOutput<S>>): void => {
        if (result.issues) {
          subscriber.error(answer.complete(refusedBySchema(result)));
          return;
        }
        const { rest } = text;
        subscriber.next({ done: true, value: result.value, ...(rest && { rest }) });
        subscriber.complete();
      };

      source.subscribe(
        new OperatorSubscriber<EventLike>(subscriber, {
          next: (value) => {
            const event = value as StreamEvent;
            answer.add(event);
            if (event.type === 'text-delta') write(event.text);
            else if (event.type === 'restart') begin();
            else if (event.type === 'snapshot') {
              begin();
              write(event.result.text);
            }
          },
          error: (error) => {
            showRest();
            subscriber.error(error);
          },
          complete: () => {
            text.end();
            if (text.failure) {
              showRest();
              throw answer.failed(text.failure, text);
            }
            const result = check(schema, text.snapshot());
            if (result instanceof Promise) result.then(end);
            else end(result);
          },
        }),
      );
    });
}
