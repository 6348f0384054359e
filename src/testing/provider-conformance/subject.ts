import {
  createClient,
  isProviderError,
  type Provider,
  type ProviderError,
  type RequestContext,
  type SseMessage,
  type StreamEvent,
  type StreamRequest,
  type Transport,
} from '../../index.ts';

/** What is tested, and with what. */
export interface Subject {
  readonly provider: Provider;
  readonly request: StreamRequest;
  readonly contentType: string;
  readonly apiKey: string | undefined;
  readonly transport: (fetch: typeof globalThis.fetch) => Transport;
}

/** How a stream through a client ended, and what it said before. */
export interface Ending {
  readonly events: readonly StreamEvent[];
  /** `undefined` where it completed. */
  readonly error: ProviderError | undefined;
}

/** Far above what anything here takes, far below a hang. */
const patience = 10_000;

/** A context made by hand, as the checks of a request need one. */
export function contextOf(requestId = 'conformance-1'): RequestContext {
  return { requestId, attempt: 1, signal: new AbortController().signal, idempotencyKey: 'conformance-key-1' };
}

/** A client of the provider over another `fetch`, with one attempt and short deadlines. */
export function clientOver(subject: Subject, fetch: typeof globalThis.fetch) {
  const { provider } = subject;
  // In place of the provider's own transport; its methods keep their `this`.
  const transported: Provider = {
    name: provider.name,
    capabilities: provider.capabilities,
    request: (request, context) => provider.request(request, context),
    decoder: (head, from) => provider.decoder(head, from),
    ...(provider.describeError && { describeError: (facts) => provider.describeError?.(facts) }),
    transport: subject.transport(fetch),
  };
  const timeout = { headers: patience, firstContent: patience, idle: patience, total: patience };
  return createClient({ provider: transported, retry: { maxAttempts: 1 }, timeout });
}

/** Streams to the end through a client. Throws if an error is raised that is none of ours, or something comes after the end. */
export function endingOf(subject: Subject, fetch: typeof globalThis.fetch): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const events: StreamEvent[] = [];
    clientOver(subject, fetch)
      .stream(subject.request)
      .subscribe({
        next: (event) => events.push(event),
        error: (error: unknown) =>
          isProviderError(error) ? resolve({ events, error }) : reject(new Error('an error was raised that is no ProviderError')),
        complete: () => resolve({ events, error: undefined }),
      });
  });
}

/** A `fetch` that answers with these bytes, one part a read, and then ends cleanly. */
export function answering(subject: Subject, parts: readonly Uint8Array[], init: ResponseInit = {}): typeof globalThis.fetch {
  return async () => {
    let next = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = parts[next++];
        if (part === undefined) controller.close();
        else controller.enqueue(part);
      },
    });
    return new Response(body, { status: 200, headers: { 'content-type': subject.contentType }, ...init });
  };
}

/** The messages of a body, as the transport reads them. */
export function messagesOf(subject: Subject, body: Uint8Array): Promise<SseMessage[]> {
  const messages: SseMessage[] = [];
  const request = { url: 'https://conformance.invalid/', headers: {} };
  return new Promise((resolve, reject) => {
    subject
      .transport(answering(subject, [body]))(request, contextOf())
      .subscribe({
        // Copied, so that a decoder is free in what it makes of one.
        next: (message) => message.type === 'message' && messages.push({ ...message }),
        error: reject,
        complete: () => resolve(messages),
      });
  });
}
