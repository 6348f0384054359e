import type { StreamRequest } from '../index.ts';
import type { NamedValues } from './attribute-writer.ts';

/** What the conventions ask of a request. It may not be a valid one: then the call ends with `invalid-request`, and says so. */
export function requestValues(request: StreamRequest | undefined): NamedValues & { readonly requestModel: string | undefined } {
  const { model, maxOutputTokens, temperature, stop, seed, reasoningEffort, responseFormat } = request ?? ({} as Partial<StreamRequest>);
  return {
    requestModel: textOf(model),
    requestStream: true,
    requestMaxTokens: numberOf(maxOutputTokens),
    requestTemperature: numberOf(temperature),
    requestStopSequences: Array.isArray(stop) ? stop.slice(0, 16).flatMap((each) => textOf(each) ?? []) : undefined,
    requestSeed: numberOf(seed),
    requestReasoningLevel: textOf(reasoningEffort),
    outputType: responseFormat && (responseFormat.type === 'text' ? 'text' : 'json'),
  };
}

const maxLength = 256;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, maxLength) : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
