import * as z from 'zod';
import { ProviderError } from '../core/provider-error.ts';
import { describePath, type JsonPath } from '../policies/json-path.ts';

/** A schema of any library that keeps to Standard Schema, version 1: zod, valibot, arktype and others. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** The value as the schema has it, or what is wrong with it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** For the compiler alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[]; readonly value?: unknown };

/** What is wrong with a value, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of the values that a schema lets through. */
export type SchemaOutput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['output'];

/** @internal A schema as an option. Those of arktype are functions. */
export const schemaSchema = z.custom<StandardSchemaV1>((value) => typeof standardOf(value)?.validate === 'function', {
  error: 'must be a Standard Schema',
});

function standardOf(value: unknown): Partial<StandardSchemaV1['~standard']> | undefined {
  return (value as Partial<StandardSchemaV1> | null | undefined)?.['~standard'];
}

/** Asks a schema. One that throws or rejects, or gives no result, has an issue with the value too. */
export function check<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
): SchemaResult<SchemaOutput<S>> | Promise<SchemaResult<SchemaOutput<S>>> {
  type Result = SchemaResult<SchemaOutput<S>>;
  try {
    const result = validate(schema, value) as Result | Promise<Result>;
    return isPromise(result)
      ? Promise.resolve(result)
          .then(resultOf<Result>)
          .catch(thrown)
      : resultOf(result);
  } catch (error) {
    return thrown(error);
  }
}

/**
 * zod first asks as if no check were asynchronous, and drops the promise of one that is: where that rejects, nobody would handle it. Told of it
 * beforehand, zod answers at once all the same where it can.
 */
function validate(schema: StandardSchemaV1, value: unknown): unknown {
  const { run } = (schema as Partial<z.core.$ZodType>)._zod ?? {};
  if (schema['~standard'].vendor !== 'zod' || typeof run !== 'function') return schema['~standard'].validate(value);
  const context = { async: true };
  const told = ({ value, issues }: z.core.ParsePayload) =>
    issues.length === 0 ? { value } : { issues: issues.map((issue) => z.core.util.finalizeIssue(issue, context, z.core.config())) };
  const payload = run({ value, issues: [] }, context);
  return isPromise(payload) ? payload.then(told) : told(payload);
}

function isPromise<T>(result: T | Promise<T>): result is Promise<T> {
  return typeof (result as Partial<Promise<T>> | undefined)?.then === 'function';
}

function resultOf<T>(result: T): T {
  if (typeof result === 'object' && result !== null) return result;
  throw new TypeError('a schema must give a result');
}

function thrown(error: unknown): { readonly issues: readonly SchemaIssue[]; readonly error: unknown } {
  return { issues: [{ message: 'the schema threw an error' }], error };
}

/** The error of a value that a schema refused: it names the first path, its detail up to eight. Its cause is what the schema said. */
export function refusedBySchema(result: { readonly issues: readonly SchemaIssue[] }, at: JsonPath = []): ProviderError {
  const told = result.issues.slice(0, 8).map(({ message, path = [] }) => {
    const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
    return `${describePath([...at, ...keys])}: ${message}`;
  });
  const cause = 'error' in result ? result.error : result.issues;
  const reason = told[0] ?? `${describePath(at)} is not what the schema wants`;
  return new ProviderError({ category: 'invalid-output', code: 'schema', phase: 'streaming', reason, detail: told.join('; '), cause });
}
