import { type ErrorDescription, type ErrorFacts, errorCategories } from '../../index.ts';
import { show } from './answer.ts';
import type { ConformanceCheck } from './options.ts';
import type { Subject } from './subject.ts';

/** Longest text of a description, in characters; the library cuts it further. */
const maxText = 70_000;
const maxCode = 1_000;

/** What is promised of a description, whatever the error is. */
export function describeChecks({ provider }: Subject): ConformanceCheck[] {
  if (provider.describeError === undefined) return [];
  const statuses = [undefined, 200, 302, 400, 429, 500, 529, Number.NaN];
  return Object.entries(bodies()).map(([name, body]) => ({
    name: `an error whose body is ${name} is described`,
    run: async () => {
      for (const status of statuses) {
        const facts: ErrorFacts = {
          status,
          body,
          headers: status === 429 ? new Headers({ 'retry-after': 'x'.repeat(10_000) }) : undefined,
        };
        let described: ErrorDescription | undefined;
        try {
          described = provider.describeError?.(facts);
        } catch (error) {
          throw new Error(`describeError throws: ${String(error)}`);
        }
        expectSound(described ?? {});
      }
    },
  }));
}

function expectSound(described: ErrorDescription): void {
  const { category, genericCategory, retryable, retryAfterMs, code, detail, providerRequestId } = described;
  for (const each of [category, genericCategory]) {
    if (each !== undefined && !Object.hasOwn(errorCategories, each)) throw new Error(`its category is none: ${show(each)}`);
  }
  if (retryable !== undefined && typeof retryable !== 'boolean') throw new Error(`retryable is ${show(retryable)}`);
  if (retryAfterMs !== undefined && !(retryAfterMs >= 0)) throw new Error(`retryAfterMs is ${show(retryAfterMs)}`);
  for (const [member, text, most] of [
    ['code', code, maxCode],
    ['detail', detail, maxText],
    ['providerRequestId', providerRequestId, maxCode],
  ] as const) {
    if (text !== undefined && typeof text !== 'string') throw new Error(`${member} is no text: ${show(text)}`);
    if (text !== undefined && text.length > most) throw new Error(`${member} has ${text.length} characters`);
  }
}

/** What a server, a proxy or an SDK may hand on as a body. */
function bodies(): Record<string, unknown> {
  let deep: unknown = { message: 'x' };
  for (let depth = 0; depth < 10_000; depth++) deep = { error: deep };
  const cyclic: Record<string, unknown> = { message: 'x' };
  cyclic.error = cyclic;
  const long = 'try again in '.repeat(80_000);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  return {
    nothing: undefined,
    null: null,
    'a number': 429,
    'an empty text': '',
    'an empty object': {},
    'a list of everything': [null, 1, 'x', [], {}, true],
    'an error that is null': { error: null },
    'an error that is a number': { error: 503 },
    'an error of wrong types': { error: { code: {}, type: [], message: 7, status: null, param: false } },
    'a wait that is none': { error: { retry_after: -1, retryAfter: 'soon', retry_after_ms: Number.NaN } },
    'very deep': deep,
    'without an end': cyclic,
    'a text of a megabyte': long,
    'a message of a megabyte': { error: { message: long, code: long, type: long, request_id: long }, request_id: long },
    'very wide': { error: { details: Array.from({ length: 50_000 }, () => ({ message: 'x', code: 'y' })) } },
    'of a prototype’s names': JSON.parse('{"error":{"__proto__":{"code":"x"},"code":"__proto__","type":"constructor"}}'),
    'a revoked proxy': revoked.proxy,
    'an object whose members throw': {
      get error() {
        throw new Error('of the getter');
      },
    },
    'of no JSON': { error: { code: 10n, message: Symbol('x'), type: () => 'x' } },
  };
}
