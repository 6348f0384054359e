import { isObject } from '../core/json-value.ts';

/** Who makes a request. */
export interface RelayAccess {
  /** Whose streams may be read, and are started. Default: nobody's. */
  readonly tenant?: string | undefined;
}

/**
 * Whether a value is a response, also one of another realm or another implementation, of which no class is known here.
 */
export function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  return isObject(value) && typeof value.status === 'number' && typeof value.headers === 'object' && value.headers !== null;
}

/**
 * What `authorize` answered with, if it is an answer at all. Whatever else it is lets nobody in: a mistake there must not open every stream.
 *
 * @throws TypeError for what is neither a response nor a plain object with `tenant` or nothing.
 */
export function accessOrResponse(answer: unknown): RelayAccess | Response {
  if (isResponse(answer)) return answer;
  if (!isObject(answer) || !isPlain(answer) || Reflect.ownKeys(answer).some((key) => key !== 'tenant')) throw neither();
  const { tenant } = answer;
  if (tenant !== undefined && typeof tenant !== 'string') throw neither();
  return tenant === undefined ? {} : { tenant };
}

/** Also of another realm, whose `Object.prototype` is another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function neither(): TypeError {
  return new TypeError('authorize must return { tenant } or a Response');
}
