import { isDeepStrictEqual } from 'node:util';
import { isProviderError, type ProviderError } from '../../index.ts';
import { show } from '../provider-conformance/answer.ts';

/** Throws where a value is another than it should be; members that are `undefined` are as if they were not there. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(plain(actual), plain(expected))) return;
  throw new Error(`${what} is ${show(actual)}, and should be ${show(expected)}`);
}

export function expectOneOf<T>(actual: T, expected: readonly T[], what: string): void {
  if (!expected.includes(actual)) throw new Error(`${what} is ${show(actual)}, and should be one of ${show(expected)}`);
}

/** Throws unless a promise rejects with an error of the library. */
export async function rejected(promise: Promise<unknown>, what: string): Promise<ProviderError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isProviderError(error)) throw new Error(`${what} does not reject with a ProviderError`);
  return error;
}

/** Asks until it is so, for as long as there is patience. */
export async function until(patience: number, what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${patience} ms`);
    await pause(5);
  }
}

export function pause(duration: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, duration);
  });
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
