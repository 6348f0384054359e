import type { ErrorCategory } from '../core/error-category.ts';

/** What an error that never was a response says: its category and the code that told. */
export interface NetworkFailure {
  readonly category: ErrorCategory;
  readonly code: string | undefined;
}

const codes: Readonly<Record<string, ErrorCategory>> = {
  ECONNRESET: 'network',
  ECONNREFUSED: 'network',
  ECONNABORTED: 'network',
  EPIPE: 'network',
  ENOTFOUND: 'network',
  EAI_AGAIN: 'network',
  EAI_FAIL: 'network',
  EHOSTUNREACH: 'network',
  EHOSTDOWN: 'network',
  ENETUNREACH: 'network',
  ENETDOWN: 'network',
  ETIMEDOUT: 'network',
  EPROTO: 'network',
  ERR_STREAM_PREMATURE_CLOSE: 'network',
  ERR_HTTP2_STREAM_ERROR: 'network',
  ERR_HTTP2_SESSION_ERROR: 'network',
  ConnectionClosed: 'network',
  ConnectionRefused: 'network',
  UND_ERR_SOCKET: 'network',
  UND_ERR_CLOSED: 'network',
  UND_ERR_DESTROYED: 'network',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'network',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_INVALID_ARG: 'invalid-request',
  ERR_INVALID_URL: 'invalid-request',
  ERR_SSL_WRONG_VERSION_NUMBER: 'network',
};

// What browsers and runtimes say where they give no code. Compared in lower case, at the beginning of the message.
const sayings: readonly (readonly [string, ErrorCategory])[] = [
  // A port that fetch refuses: no request will ever be made.
  ['bad port', 'invalid-request'],
  // Official SDKs, of a signal of their caller's: an error without a name.
  ['request was aborted.', 'cancelled'],
  ['fetch failed', 'network'],
  ['failed to fetch', 'network'],
  ['load failed', 'network'],
  ['network error', 'network'],
  ['networkerror', 'network'],
  ['network request failed', 'network'],
  ['network connection was lost', 'network'],
  ['the network connection was lost', 'network'],
  ['terminated', 'network'],
  ['other side closed', 'network'],
  ['socket hang up', 'network'],
  ['connection reset', 'network'],
  ['connection refused', 'network'],
  ['connection closed', 'network'],
  ['premature close', 'network'],
  ['stream interrupted', 'network'],
  ['error reading a body from connection', 'network'],
  ['net::err_timed_out', 'timeout'],
  ['net::err_connection_timed_out', 'timeout'],
  ['net::err_', 'network'],
];

const maxCauses = 8;

/**
 * Recognizes a failure of the network through its chain of causes: Node's and undici's codes, the browsers' and Electron's messages.
 *
 * The deepest one wins, for `fetch failed` says less than its cause; but words never overrule a code.
 */
export function networkFailure(error: unknown): NetworkFailure | undefined {
  try {
    return inChain(error);
  } catch {
    // A member that throws when it is read tells nothing.
    return undefined;
  }
}

function inChain(error: unknown): NetworkFailure | undefined {
  let found: NetworkFailure | undefined;
  for (let cause = error, depth = 0; isRecord(cause) && depth < maxCauses; cause = cause.cause, depth++) {
    const byCode = fromCode(cause.code) ?? fromAggregate(cause);
    const byWords = found?.code ? undefined : (fromName(cause) ?? fromMessage(cause.message));
    found = byCode ?? byWords ?? found;
  }
  return found;
}

function fromCode(code: unknown): NetworkFailure | undefined {
  if (typeof code !== 'string' || !Object.hasOwn(codes, code)) {
    return typeof code === 'string' && /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code)
      ? { category: 'network', code }
      : undefined;
  }
  return { category: codes[code] ?? 'network', code };
}

/** A host with several addresses fails with one error for each. */
function fromAggregate(cause: Record<string, unknown>): NetworkFailure | undefined {
  const errors = cause.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isRecord(first) ? fromCode(first.code) : undefined;
}

function fromName(cause: Record<string, unknown>): NetworkFailure | undefined {
  if (cause.name === 'AbortError') return { category: 'cancelled', code: 'AbortError' };
  if (cause.name === 'TimeoutError') return { category: 'timeout', code: undefined };
  return undefined;
}

function fromMessage(message: unknown): NetworkFailure | undefined {
  if (typeof message !== 'string') return undefined;
  const start = message.slice(0, 200).toLowerCase();
  const saying = sayings.find(([words]) => start.startsWith(words));
  if (!saying) return undefined;
  const code = /^net::(ERR_[A-Z0-9_]{1,60})/.exec(message)?.[1];
  return { category: saying[1], code };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
