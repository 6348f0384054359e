import type { ErrorResponse } from '../core/error-response.ts';
import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import { errorOfFinish, geminiFinishReason } from './gemini-finish-reason.ts';
import { GeminiToolCalls } from './gemini-tool-calls.ts';
import { GeminiUsage } from './gemini-usage.ts';
import { Sources } from './sources.ts';
import { reportedError } from './stream-errors.ts';

type Kind = 'text-delta' | 'reasoning-delta';

/**
 * One answer of Gemini, read chunk by chunk; each is a whole response that holds what is new.
 *
 * Of several candidates the first counts. Of several finish reasons the last does.
 */
export class GeminiAnswer {
  /** What the last calls gave; whoever reads it empties it. */
  readonly events: ProviderEvent[] = [];
  finishReason: string | undefined;
  readonly #tools = new GeminiToolCalls(this.events);
  readonly #sources = new Sources();
  readonly #usage = new GeminiUsage();
  #responseId = '';
  #isCounted = false;
  #hasToldUsage = false;
  /** Whether there was content without a finish reason. */
  #marksTheEnd = false;
  /** The part that the next delta of the same kind belongs to. */
  #kind: Kind | undefined;
  #id = '';
  #parts = 0;

  /**
   * Whether nothing is missing, before the body says so: the finish reason has come, and the usage with it or after it. Where every chunk so far
   * had a finish reason, it says nothing of the end.
   */
  get isOver(): boolean {
    return this.#isCounted && this.#marksTheEnd && this.finishReason !== undefined;
  }

  /** Reads one chunk. Throws where it says that there is no answer. */
  read(chunk: JsonObject): void {
    if (this.#responseId === '' && typeof chunk.responseId === 'string') this.#responseId = chunk.responseId;
    const candidate = firstOf(chunk.candidates);
    const told = this.events.length;
    if (candidate !== undefined) this.#readCandidate(candidate);
    const isSilent = this.events.length === told;
    if (this.#usage.add(chunk.usageMetadata)) {
      this.#isCounted = this.finishReason !== undefined;
      // Every chunk counts along: told are the first count, for an answer that is cut, and the last ones.
      if (this.#usage.changed && (this.#isCounted || !this.#hasToldUsage)) {
        this.#hasToldUsage = true;
        this.events.push({ type: 'usage', usage: this.#usage.read(!this.#isCounted) });
      }
    }
    if (this.finishReason !== undefined) throwIfAny(errorOfFinish(this.finishReason));
    else if (isSilent) throwIfAny(errorOfFeedback(chunk.promptFeedback));
  }

  /** Ends the answer: the tool call that waited, and the finish. Throws at a tool call that is not whole. */
  end(): void {
    const rawFinishReason = this.finishReason ?? '';
    const told = geminiFinishReason(rawFinishReason);
    this.#tools.end(told === 'length' || told === 'content-filter');
    const finishReason = told === 'stop' && this.#tools.called ? 'tool-calls' : told;
    this.events.push({ type: 'finish', finishReason, rawFinishReason, usage: this.#usage.read(!this.#isCounted) });
  }

  #readCandidate(candidate: JsonObject): void {
    const { content, finishReason } = candidate;
    const parts = isObject(content) ? content.parts : undefined;
    if (Array.isArray(parts)) for (const part of parts) if (isObject(part)) this.#readPart(part);
    if (isObject(candidate.groundingMetadata)) this.#cite(candidate.groundingMetadata.groundingChunks);
    if (isObject(candidate.citationMetadata)) {
      this.#cite(candidate.citationMetadata.citations ?? candidate.citationMetadata.citationSources);
    }
    if (typeof finishReason === 'string' && finishReason !== '' && finishReason !== 'FINISH_REASON_UNSPECIFIED') {
      this.finishReason = finishReason;
    } else if (Array.isArray(parts) && parts.length > 0) {
      this.#marksTheEnd = true;
    }
  }

  #readPart(part: JsonObject): void {
    const { text, functionCall } = part;
    const signature = typeof part.thoughtSignature === 'string' && part.thoughtSignature !== '' ? part.thoughtSignature : undefined;
    if (isObject(functionCall)) {
      this.#kind = undefined;
      this.#tools.add(functionCall, signature, this.#responseId);
    } else if (text !== undefined || isBare(part)) {
      this.#say(part.thought === true ? 'reasoning-delta' : 'text-delta', textOf(text), signature);
    } else {
      this.#kind = undefined;
      this.#parts++;
      this.events.push({ type: 'provider-item', format: 'gemini', item: part });
    }
  }

  /** A signature ends its part, because it must go back on that part; it may come alone, behind the text that it is for. */
  #say(type: Kind, text: string, signature: string | undefined): void {
    if (text === '' && signature === undefined) return;
    if (this.#kind !== type) {
      this.#kind = type;
      this.#id = `${type === 'text-delta' ? 'text' : 'reasoning'}-${this.#parts++}`;
    }
    const id = this.#id;
    if (signature === undefined) {
      this.events.push({ type, id, text });
    } else {
      this.#kind = undefined;
      this.events.push({ type, id, text, providerMetadata: { gemini: { thoughtSignature: signature } } });
    }
  }

  #cite(citations: unknown): void {
    if (!Array.isArray(citations)) return;
    for (const citation of citations) {
      if (!isObject(citation)) continue;
      const { web, retrievedContext, maps } = citation;
      const cited = [web, retrievedContext, maps].find(isObject) ?? citation;
      const source = this.#sources.add({ url: cited.uri, title: cited.title });
      if (source !== undefined) this.events.push(source);
    }
  }
}

function firstOf(candidates: unknown): JsonObject | undefined {
  if (!Array.isArray(candidates)) return undefined;
  for (const candidate of candidates) {
    if (isObject(candidate) && (candidate.index === undefined || candidate.index === null || candidate.index === 0)) return candidate;
  }
  return undefined;
}

/** A part of nothing but what may stand beside a text that is empty. */
function isBare(part: JsonObject): boolean {
  for (const member in part) if (member !== 'thought' && member !== 'thoughtSignature') return false;
  return true;
}

/** The question itself was refused: there is no candidate, or an empty one, and no finish reason either. */
function errorOfFeedback(feedback: unknown): ErrorResponse | undefined {
  if (!isObject(feedback) || typeof feedback.blockReason !== 'string') return undefined;
  if (feedback.blockReason === '' || feedback.blockReason === 'BLOCK_REASON_UNSPECIFIED') return undefined;
  return reportedError({ error: { code: feedback.blockReason, type: 'content_filter', message: feedback.blockReasonMessage } });
}

function throwIfAny(error: ErrorResponse | undefined): void {
  if (error !== undefined) throw error;
}
