import { type Context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { errorFacts } from './end-values.ts';
import type { CallMoment } from './outcome.ts';
import type { Tracing } from './tracing.ts';

type EndOfAttempt = Extract<CallMoment, { readonly type: 'attempt-end' }>;

/** The spans of the attempts of one call that run, below that of the call. */
export class AttemptSpans {
  readonly #tracing: Tracing;
  readonly #parent: Context;
  readonly #spans = new Map<number, Span>();

  constructor(tracing: Tracing, parent: Context) {
    this.#tracing = tracing;
    this.#parent = parent;
  }

  /** What is active while the request of an attempt is made. */
  contextOf(attempt: number): Context {
    const span = this.#spans.get(attempt);
    return span ? trace.setSpan(this.#parent, span) : this.#parent;
  }

  tell(moment: CallMoment): void {
    const { tracer, settings, attributes } = this.#tracing;
    const { attempt } = moment;
    if (moment.type === 'attempt') {
      const { provider, model } = moment;
      const values = { provider: settings.providers[provider] ?? provider, requestModel: model.slice(0, 256) };
      this.#spans.set(
        attempt,
        tracer.startSpan('steadystream.attempt', { attributes: attributes.write(values, { attempt }) }, this.#parent),
      );
    } else if (moment.type === 'headers') {
      const { status, providerRequestId } = moment;
      this.#spans.get(attempt)?.setAttributes(attributes.write({ responseStatus: status }, { provider_request_id: providerRequestId }));
    } else if (moment.type === 'first-content') {
      this.#spans.get(attempt)?.addEvent('steadystream.first_content');
    } else if (moment.type === 'attempt-end') {
      this.#end(attempt, moment.outcome, moment.error);
    }
  }

  /** The call has ended, and goes on without them. */
  endAll(): void {
    for (const attempt of [...this.#spans.keys()]) this.#end(attempt, 'cancel');
  }

  #end(attempt: number, outcome: EndOfAttempt['outcome'], error?: EndOfAttempt['error']): void {
    const { attributes, guard } = this.#tracing;
    const span = this.#spans.get(attempt);
    if (!span) return;
    this.#spans.delete(attempt);
    guard.run(() => {
      const values = { errorType: error?.category, responseStatus: error?.status };
      span.setAttributes(attributes.write(values, { outcome, ...(error && errorFacts(error)) }));
      if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    });
    guard.run(() => span.end());
  }
}
