import { type Attributes, type Context, context, type Link, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AttemptSpans } from './attempt-spans.ts';
import { eventOf } from './call-events.ts';
import { errorFacts, finishReasonOf, isUnknown, usageValues } from './end-values.ts';
import { answerContent, messagesContent } from './message-content.ts';
import { type CallMoment, categoryOf, type EndOfCall, outcomeOf } from './outcome.ts';
import { requestValues } from './request-values.ts';
import type { Tracing } from './tracing.ts';

type Begin = Extract<CallMoment, { readonly type: 'begin' }>;

/** The span of one call, over all its attempts, from the subscription to the last event. */
export class CallSpan {
  readonly #tracing: Tracing;
  readonly #span: Span;
  /** With the span in it, for what is done below it. */
  readonly #context: Context;
  readonly #attempts: AttemptSpans | undefined;
  readonly #isTakenUp: boolean;
  #events = 0;
  #isFetch = false;
  #hasContent = false;

  /** Its parent is what is active: whoever subscribes is who asked. */
  constructor(tracing: Tracing, begin: Begin, links: Link[]) {
    const { tracer, settings, attributes, guard } = tracing;
    const { requestId, provider, request, from } = begin;
    const values = { operation: 'chat', provider: settings.providers[provider] ?? provider, ...requestValues(request) };
    const parent = context.active();
    this.#tracing = tracing;
    this.#isTakenUp = from !== undefined;
    this.#span = tracer.startSpan(
      nameOf('chat', values.requestModel),
      { kind: SpanKind.CLIENT, attributes: attributes.write(values, { request_id: requestId }), links },
      parent,
    );
    this.#context = trace.setSpan(parent, this.#span);
    this.#attempts = settings.attempts ? new AttemptSpans(tracing, this.#context) : undefined;
    // From here on there is a span to be ended, whatever becomes of the rest.
    if (settings.content) guard.run(() => this.#writeConversation(request));
  }

  get link(): Link {
    return { context: this.#span.spanContext() };
  }

  /** Whether the call takes up a generation that its provider keeps, and asks for nothing else. */
  get operation(): string {
    return this.#isFetch ? 'fetch_response' : 'chat';
  }

  /** What is active while the request of an attempt is made. */
  contextOf(attempt: number): Context {
    return this.#attempts?.contextOf(attempt) ?? this.#context;
  }

  tell(moment: CallMoment): void {
    const { attributes, guard, settings } = this.#tracing;
    guard.run(() => this.#attempts?.tell(moment));
    if (moment.type === 'attempt') {
      this.#takeUp(moment);
    } else if (moment.type === 'first-content') {
      if (!this.#hasContent) this.#set(attributes.write({ timeToFirstChunk: moment.elapsedMs / 1_000 }));
      this.#hasContent = true;
    } else {
      const event = eventOf(moment);
      if (!event || ++this.#events > settings.maxEvents) return;
      const { name, facts, errorType } = event;
      this.#span.addEvent(`steadystream.${name}`, attributes.write({ errorType }, { attempt: moment.attempt, ...facts }));
    }
  }

  /** Ends the span, whatever becomes of what it should say. */
  end(end: EndOfCall | undefined): void {
    const { guard } = this.#tracing;
    guard.run(() => this.#attempts?.endAll());
    guard.run(() => this.#describe(end));
    guard.run(() => this.#span.end());
  }

  #describe(end: EndOfCall | undefined): void {
    if (!this.#span.isRecording()) return;
    const { attributes } = this.#tracing;
    const dropped = this.#events - this.#tracing.settings.maxEvents;
    this.#set(attributes.write({}, { outcome: end ? outcomeOf(end) : 'unknown', ...(dropped > 0 && { dropped_events: dropped }) }));
    if (!end) return;
    const { provider, model, attempt, usage } = end;
    const error = end.type === 'error' ? end.error : undefined;
    const all = end.type === 'finish' ? end.usageOverAllAttempts : undefined;
    this.#set(
      attributes.write(
        {
          finishReasons: [finishReasonOf(end)],
          errorType: categoryOf(end),
          responseStatus: error?.status,
          ...(!this.#isFetch && usageValues(usage)),
        },
        {
          provider,
          model: model.slice(0, 256),
          attempts: attempt,
          ...(usage?.estimated && !isUnknown(usage) && { 'usage.estimated': true }),
          ...(all && {
            'usage.over_all_attempts.input_tokens': all.inputTokens,
            'usage.over_all_attempts.output_tokens': all.outputTokens,
          }),
          ...(error && errorFacts(error)),
        },
      ),
    );
    if (error && error.category !== 'cancelled') this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    this.#writeAnswer(end);
  }

  #writeConversation(request: Begin['request'] | undefined): void {
    const { attributes, settings } = this.#tracing;
    if (!this.#span.isRecording() || !Array.isArray(request?.messages)) return;
    this.#set(attributes.write({ inputMessages: messagesContent(request.messages, settings.maxContent) }));
  }

  #writeAnswer(end: EndOfCall): void {
    const { attributes, settings } = this.#tracing;
    if (!settings.content) return;
    const result = end.type === 'finish' ? end.result() : end.type === 'error' ? end.error.partial : end.partial();
    if (result) this.#set(attributes.write({ outputMessages: answerContent(result, finishReasonOf(end), settings.maxContent) }));
  }

  /** The first request of a call that goes on from a checkpoint says whether it asks for the same generation. */
  #takeUp({ attempt, model, resumes }: Extract<CallMoment, { readonly type: 'attempt' }>): void {
    if (attempt !== 1 || !resumes || !this.#isTakenUp) return;
    this.#isFetch = true;
    this.#span.updateName(nameOf('fetch_response', model.slice(0, 256)));
    this.#set(this.#tracing.attributes.write({ operation: 'fetch_response' }));
  }

  #set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }
}

function nameOf(operation: string, model: string | undefined): string {
  return model ? `${operation} ${model}` : operation;
}
