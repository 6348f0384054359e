import type { Message } from './request.ts';
import type { Usage } from './stream-result.ts';

/** What a provider charges, per million tokens, in a currency of yours. */
export interface TokenPrice {
  readonly input: number;
  readonly output: number;
  /** Of input tokens read from the cache. Default: `input`. */
  readonly cachedInput?: number | undefined;
  /** Of input tokens written to the cache. Default: `input`. */
  readonly cacheWrite?: number | undefined;
}

/** How tokens are counted where the provider did not. */
export interface EstimateConfig {
  /** The rule of thumb. Default: 4, which fits English; other languages need more tokens. */
  readonly charactersPerToken?: number | undefined;
  /** A tokenizer, such as that of `gpt-tokenizer`, in place of the rule of thumb. Default: none. */
  readonly countTokens?: ((text: string) => number) | undefined;
}

/** Characters a token, in the languages and models that most requests are of. */
const defaultCharactersPerToken = 4;
/** What a message costs beside its text. */
const tokensPerMessage = 4;

/** Adds up what several attempts, or several turns, have cost; estimated where one of them is. */
export function addUsage(first: Usage, ...others: readonly Usage[]): Usage {
  return others.reduce(
    (sum, usage) => ({
      inputTokens: sum.inputTokens + usage.inputTokens,
      outputTokens: sum.outputTokens + usage.outputTokens,
      totalTokens: sum.totalTokens + usage.totalTokens,
      ...added('cachedInputTokens', sum, usage),
      ...added('cacheWriteTokens', sum, usage),
      ...added('reasoningTokens', sum, usage),
      estimated: sum.estimated || usage.estimated,
    }),
    first,
  );
}

/**
 * What a usage costs, by a price of yours: this library knows none.
 *
 * @returns An amount in the price's own currency, not rounded.
 *
 * @example
 * ```ts
 * const prices: Record<string, TokenPrice> = { 'gpt-4o-mini': { input: 0.15, output: 0.6, cachedInput: 0.075 } };
 * const { usage } = await lastValueFrom(client.stream(request).pipe(result()));
 * const cost = usageCost(usage, prices[request.model]!);
 * ```
 */
export function usageCost(usage: Usage, price: TokenPrice): number {
  const { inputTokens, outputTokens, cachedInputTokens: cached = 0, cacheWriteTokens: written = 0 } = usage;
  const { input, output, cachedInput = input, cacheWrite = input } = price;
  const plain = Math.max(0, inputTokens - cached - written);
  return (plain * input + cached * cachedInput + written * cacheWrite + outputTokens * output) / 1e6;
}

/**
 * About how many tokens a text has: its characters (code points) by the rule of thumb, rounded; or what the tokenizer counts.
 *
 * @example
 * ```ts
 * const countTokens = (text: string) => tokenizer.encode(text).length; // of any library that counts
 * estimateTokens('testing'); // 2
 * estimateTokens('testing', { countTokens }); // 1
 * ```
 */
export function estimateTokens(text: string, config: EstimateConfig = {}): number {
  const { charactersPerToken = defaultCharactersPerToken, countTokens } = config;
  const counted = countTokens?.(text);
  return counted !== undefined && counted >= 0 ? Math.round(counted) : Math.round(codePoints(text) / charactersPerToken);
}

/** About how many tokens a conversation has: its text with the names of its roles, and 4 for each message. Images are not counted. */
export function estimateInputTokens(messages: readonly Message[], config: EstimateConfig = {}): number {
  const told = messages.map(({ role, content }) => `${role}: ${typeof content === 'string' ? content : textOf(content)}`).join('\n');
  return messages.length === 0 ? 0 : estimateTokens(told, config) + tokensPerMessage * messages.length;
}

/**
 * An estimate of what an answer has cost, marked as one.
 *
 * @example
 * ```ts
 * client.stream(request).subscribe({
 *   error: (error: ProviderError) => report(estimateUsage(request.messages, error.partial?.text ?? '', { charactersPerToken: 3.5 })),
 * });
 * ```
 */
export function estimateUsage(prompt: string | readonly Message[], answer: string, config: EstimateConfig = {}): Usage {
  const inputTokens = typeof prompt === 'string' ? estimateTokens(prompt, config) : estimateInputTokens(prompt, config);
  const outputTokens = estimateTokens(answer, config);
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: true };
}

function textOf(content: readonly object[]): string {
  return content.map((part) => ('text' in part ? part.text : 'data' in part ? '' : JSON.stringify(part))).join('');
}

function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
    if (isPair) index++;
    count++;
  }
  return count;
}

function added<K extends 'cachedInputTokens' | 'cacheWriteTokens' | 'reasoningTokens'>(member: K, a: Usage, b: Usage): object {
  return a[member] === undefined && b[member] === undefined ? {} : { [member]: (a[member] ?? 0) + (b[member] ?? 0) };
}
