import {
  type Decoder,
  describeErrorBy,
  ErrorResponse,
  type FinishReason,
  type Provider,
  type ProviderEvent,
  type SseMessage,
  type StreamRequest,
} from 'steadystream';

/** Acme's answers, streamed. */
export function acme({ apiKey, baseURL = 'https://api.acme.example/v2' }: { apiKey: string; baseURL?: string }): Provider {
  return {
    name: 'acme',
    request: (request, context) => ({
      url: `${baseURL}/generate`,
      headers: { 'content-type': 'application/json', 'x-acme-key': apiKey, 'x-request-id': context.requestId },
      body: JSON.stringify(request.rawBody ?? bodyOf(request)),
    }),
    decoder: () => new AcmeDecoder(),
    describeError,
  };
}

function bodyOf({ model, messages, tools, temperature, maxOutputTokens, providerOptions }: StreamRequest): object {
  const input = messages.map(({ role, content }) => ({ role, content }));
  return { model, input, tools, temperature, limit: maxOutputTokens, stream: true, ...providerOptions?.acme };
}

/** Acme's words for its errors; statuses, `retry_after` and `message` are read without being told. */
const describeError = describeErrorBy({
  codes: { 'quota-exhausted': 'no_credit', 'context-length': 'too_long', overloaded: 'busy', 'rate-limit': 'too_fast' },
  types: { 'server-error': 'fault' },
  requestIdHeaders: ['x-acme-trace'],
});

const finishReasons: Readonly<Record<string, FinishReason>> = {
  end: 'stop',
  limit: 'length',
  call: 'tool-calls',
  unsafe: 'content-filter',
};

/** One for each attempt, so what it remembers is of one answer. */
class AcmeDecoder implements Decoder {
  readonly #calls = new Map<string, string>();

  *decode({ event, data }: SseMessage): Iterable<ProviderEvent> {
    switch (event) {
      case 'thought':
        yield { type: 'reasoning-delta', id: 'thought', text: parse(data).text };
        break;
      case 'text':
        yield { type: 'text-delta', id: 'text', text: parse(data).text };
        break;
      case 'call':
        yield* this.#call(parse(data));
        break;
      case 'error':
        // With what Acme says, and no status: `describeError` is asked what it is.
        throw new ErrorResponse({ status: undefined, body: parse(data), headers: undefined });
      case 'done': {
        // The sign of the end. A body that ends without it is `interrupted`; there is nothing to do for that.
        const { reason, tokens } = parse(data);
        const inputTokens = tokens?.in ?? 0;
        const outputTokens = tokens?.out ?? 0;
        const usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: tokens === undefined };
        yield { type: 'finish', finishReason: finishReasons[reason] ?? 'other', rawFinishReason: String(reason), usage };
      }
      // Anything else, a ping or what Acme will think of, is nothing to us.
    }
  }

  /** The arguments come in pieces; the call is told when they are whole, or not at all. */
  *#call({ id, name, piece = '', whole }: { id: string; name: string; piece?: string; whole?: boolean }): Iterable<ProviderEvent> {
    const input = (this.#calls.get(id) ?? '') + piece;
    if (input.length > 1_000_000) throw malformed('a tool call without an end');
    this.#calls.set(id, input);
    if (piece !== '') yield { type: 'tool-input-delta', toolCallId: id, delta: piece };
    if (whole) yield { type: 'tool-call', toolCallId: id, toolName: name, input: parse(input) };
  }
}

function parse(json: string) {
  try {
    return JSON.parse(json);
  } catch {
    throw malformed('a message that is not JSON');
  }
}

/** Classified as `protocol`, with these words on the error. */
function malformed(reason: string): ErrorResponse {
  return new ErrorResponse({ status: undefined, body: undefined, headers: undefined, reason });
}
