import { type AnswerContent, dataMessage, fragmentsOf, inputFragmentsOf, type WireMessage } from './content.ts';

/** An error as Google writes it. */
export interface GeminiErrorContent {
  readonly code?: string | number | null | undefined;
  readonly status?: string | undefined;
  readonly message?: string | undefined;
}

/** The messages of a good answer of `streamGenerateContent`, one by one, for answers of any length. Nothing but the end of the body marks its end. */
export function* geminiMessages(content: AnswerContent): Generator<WireMessage, void, undefined> {
  const { id = 'resp_1', model = 'fault-server', toolCalls = [], usage } = content;
  const { inputTokens = 8, cachedInputTokens = 0, reasoningTokens = 0 } = usage ?? {};
  let deltas = 0;
  const chunk = (parts: readonly object[], outputTokens: number, finishReason?: string): string =>
    dataMessage({
      candidates: [{ index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) }],
      ...(usage !== null && {
        usageMetadata: {
          promptTokenCount: inputTokens,
          candidatesTokenCount: outputTokens - reasoningTokens,
          ...(reasoningTokens > 0 && { thoughtsTokenCount: reasoningTokens }),
          ...(cachedInputTokens > 0 && { cachedContentTokenCount: cachedInputTokens }),
          totalTokenCount: inputTokens + outputTokens,
        },
      }),
      modelVersion: model,
      responseId: id,
    });
  const delta = (part: object): WireMessage => {
    deltas += 1;
    return { role: 'delta', text: chunk([part], deltas + reasoningTokens) };
  };

  for (const reasoning of fragmentsOf(content.reasoning)) yield delta({ text: reasoning, thought: true });
  for (let round = 0; round < (content.repeat ?? 1); round += 1) {
    for (const text of fragmentsOf(content.text)) yield delta({ text });
  }
  for (const refusal of fragmentsOf(content.refusal)) yield delta({ text: refusal });
  for (const [index, call] of toolCalls.entries()) {
    const args: unknown = JSON.parse(inputFragmentsOf(call).join(''));
    yield delta({ functionCall: { id: call.id ?? `call_${index + 1}`, name: call.name, args } });
  }
  const last = chunk([{ text: '' }], usage?.outputTokens ?? deltas + reasoningTokens, content.finishReason ?? 'STOP');
  yield { role: 'finish-reason', text: last };
}

/**
 * The server-sent messages of a good answer of Gemini, the last being the one with the finish reason.
 *
 * @example
 * ```ts
 * const withoutTheEnd = geminiChunks({ text: ['Hel', 'lo'] }).slice(0, -1);
 * ```
 */
export function geminiChunks(content: AnswerContent): string[] {
  return Array.from(geminiMessages(content), (message) => message.text);
}

/** An error inside a stream of Gemini, as a server-sent message. By default the model is overloaded. */
export function geminiError(error: GeminiErrorContent = {}): string {
  const { code = 503, status = 'UNAVAILABLE', message = 'The model is overloaded. Please try again later.' } = error;
  return dataMessage({ error: { code, status, message } });
}
