import { ErrorResponse } from '../core/error-response.ts';
import type { ErrorFacts } from '../core/provider.ts';

/** What can be read of a failure without knowing who raised it. */
export interface FailureFacts extends ErrorFacts {
  /** The codes and types it carries, the most specific first. */
  readonly codes: readonly string[];
  readonly message: string | undefined;
}

/**
 * Reads status, codes, message, headers and body out of anything thrown: our own {@link ErrorResponse}, or the errors of the
 * SDKs, which are recognized by their shape.
 */
export function failureFacts(error: unknown): FailureFacts {
  try {
    return readFacts(error);
  } catch {
    // A getter that throws, a revoked proxy: whoever threw it meant a failure all the same.
    return { status: undefined, body: undefined, headers: undefined, codes: [], message: undefined };
  }
}

function readFacts(error: unknown): FailureFacts {
  if (error instanceof ErrorResponse) {
    const { facts } = error;
    return { ...facts, codes: codesOf(facts.body), message: messageOf(facts.body) };
  }
  if (!isRecord(error)) return { status: undefined, body: undefined, headers: undefined, codes: [], message: text(error) };
  const status = statusOf(error.status) ?? statusOf(error.statusCode) ?? statusOf(record(error.response).status);
  const body = error.error ?? error.data ?? parsed(error.responseBody) ?? bodyInMessage(error.message);
  const headers = headersOf(error.headers ?? error.responseHeaders ?? record(error.response).headers);
  const codes = [...codesOf(error), ...codesOf(body)];
  return { status, body, headers, codes: [...new Set(codes)], message: text(error.message) ?? messageOf(body) };
}

function codesOf(body: unknown): string[] {
  const outer = record(body);
  const inner = record(outer.error);
  return [inner.code, outer.code, inner.status, inner.type, outer.type].filter((code) => typeof code === 'string');
}

function messageOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  const outer = record(body);
  return text(record(outer.error).message) ?? text(outer.error) ?? text(outer.message) ?? text(outer.detail);
}

/** Some keep the body as JSON in the message. */
function bodyInMessage(message: unknown): unknown {
  return typeof message === 'string' && message.startsWith('{') ? parsed(message) : undefined;
}

function parsed(json: unknown): unknown {
  if (typeof json !== 'string' || json.length > 65_536) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function headersOf(headers: unknown): Headers | undefined {
  if (headers instanceof Headers) return headers;
  if (!isRecord(headers)) return undefined;
  try {
    // Another realm's, or another library's.
    if (typeof headers[Symbol.iterator as never] === 'function')
      return new Headers([...(headers as unknown as Iterable<[string, string]>)]);
    const pairs = Object.entries(headers).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
    return new Headers(pairs);
  } catch {
    return undefined;
  }
}

function statusOf(status: unknown): number | undefined {
  return typeof status === 'number' && status >= 100 && status < 600 ? status : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
