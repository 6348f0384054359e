import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { ChatAnthropic } from '@langchain/anthropic';
import { ChatOpenAI } from '@langchain/openai';
import { type LanguageModel, streamText } from 'ai';
import OpenAI from 'openai';
import type { WireFormat } from '../../src/testing/index.ts';

type Fetch = typeof globalThis.fetch;

/** How a question to an SDK is asked. */
export interface Question {
  readonly baseURL: string;
  /** Default: the SDK's own. */
  readonly fetch?: Fetch | undefined;
  /** Default: the SDK's own number. */
  readonly maxRetries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What is told as it comes. Who reads message by message waits for it. */
  readonly onText: (text: string) => unknown;
}

/** One way of reading a stream with an SDK. Resolves where the SDK says that the answer is there. */
export interface Sdk {
  readonly name: string;
  readonly wire: WireFormat;
  ask(question: Question): Promise<unknown>;
}

(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

const model = 'm-1';
const prompt = 'Hello';
const messages = [{ role: 'user' as const, content: prompt }];

const options = ({ fetch, maxRetries }: Question) => ({
  apiKey: 'test-key',
  ...(fetch && { fetch }),
  ...(maxRetries !== undefined && { maxRetries }),
  logLevel: 'off' as const,
});

const retriesOf = ({ maxRetries }: Question) => (maxRetries === undefined ? {} : { maxRetries });
const signalOf = ({ signal }: Question) => (signal === undefined ? {} : { signal });

/** Anthropic's SDK has the version in its paths. */
const rootOf = ({ baseURL }: Question) => baseURL.replace(/\/v1$/, '');

async function readAiSdk(languageModel: LanguageModel, question: Question): Promise<string> {
  const { signal, onText } = question;
  const answer = streamText({
    model: languageModel,
    prompt,
    ...retriesOf(question),
    ...(signal && { abortSignal: signal }),
    onError: () => undefined,
  });
  let finishReason = '';
  for await (const part of answer.fullStream) {
    if (part.type === 'text-delta') await onText(part.text);
    else if (part.type === 'error') throw part.error;
    else if (part.type === 'abort') throw new Error('aborted');
    else if (part.type === 'finish') finishReason = part.finishReason;
  }
  return finishReason;
}

const openaiChat: Sdk = {
  name: 'openai chat.completions.create',
  wire: 'openai',
  async ask(question) {
    const sdk = new OpenAI({ ...options(question), baseURL: question.baseURL });
    const stream = await sdk.chat.completions.create({ model, messages, stream: true }, signalOf(question));
    let finishReason: unknown;
    for await (const { choices } of stream) {
      await question.onText(choices[0]?.delta.content ?? '');
      finishReason = choices[0]?.finish_reason ?? finishReason;
    }
    return finishReason;
  },
};

const openaiRunner: Sdk = {
  name: 'openai chat.completions.stream',
  wire: 'openai',
  async ask(question) {
    const sdk = new OpenAI({ ...options(question), baseURL: question.baseURL });
    const stream = sdk.chat.completions.stream({ model, messages }, signalOf(question));
    stream.on('content', question.onText);
    return (await stream.finalChatCompletion()).choices[0]?.finish_reason;
  },
};

const openaiResponses: Sdk = {
  name: 'openai responses.create',
  wire: 'openai-responses',
  async ask(question) {
    const sdk = new OpenAI({ ...options(question), baseURL: question.baseURL });
    const stream = await sdk.responses.create({ model, input: prompt, stream: true }, signalOf(question));
    let last: unknown;
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') await question.onText(event.delta);
      last = event.type;
    }
    return last;
  },
};

const anthropicCreate: Sdk = {
  name: 'anthropic messages.create',
  wire: 'anthropic',
  async ask(question) {
    const sdk = new Anthropic({ ...options(question), baseURL: rootOf(question) });
    const stream = await sdk.messages.create({ model, max_tokens: 64, messages, stream: true }, signalOf(question));
    let last: unknown;
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') await question.onText(event.delta.text);
      last = event.type;
    }
    return last;
  },
};

const anthropicStream: Sdk = {
  name: 'anthropic messages.stream',
  wire: 'anthropic',
  async ask(question) {
    const sdk = new Anthropic({ ...options(question), baseURL: rootOf(question) });
    const stream = sdk.messages.stream({ model, max_tokens: 64, messages }, signalOf(question));
    stream.on('text', (delta) => question.onText(delta));
    return (await stream.finalMessage()).stop_reason;
  },
};

const aiSdk = (name: string, wire: WireFormat, languageModel: (question: Question) => LanguageModel): Sdk => ({
  name,
  wire,
  ask: (question) => readAiSdk(languageModel(question), question),
});

const settings = ({ fetch }: Question) => ({ apiKey: 'test-key', ...(fetch && { fetch }) });

const langchainOpenAI: Sdk = {
  name: 'langchain ChatOpenAI',
  wire: 'openai',
  async ask(question) {
    const { baseURL, fetch } = question;
    const chat = new ChatOpenAI({
      model,
      apiKey: 'test-key',
      streamUsage: false,
      ...retriesOf(question),
      configuration: { baseURL, ...(fetch && { fetch }) },
    });
    let finishReason: unknown;
    for await (const chunk of await chat.stream(prompt, signalOf(question))) {
      await question.onText(chunk.text);
      finishReason = chunk.response_metadata.finish_reason ?? finishReason;
    }
    return finishReason;
  },
};

const langchainAnthropic: Sdk = {
  name: 'langchain ChatAnthropic',
  wire: 'anthropic',
  async ask(question) {
    const { fetch } = question;
    const chat = new ChatAnthropic({
      model,
      apiKey: 'test-key',
      anthropicApiUrl: rootOf(question),
      ...retriesOf(question),
      clientOptions: { ...(fetch && { fetch }) },
    });
    let stopReason: unknown;
    for await (const chunk of await chat.stream(prompt, signalOf(question))) {
      await question.onText(chunk.text);
      stopReason = chunk.response_metadata.stop_reason ?? chunk.additional_kwargs.stop_reason ?? stopReason;
    }
    return stopReason;
  },
};

/** Every way of reading a stream that the table in docs/sdks.md tells of. */
export const sdks: readonly Sdk[] = [
  openaiChat,
  openaiRunner,
  openaiResponses,
  anthropicCreate,
  anthropicStream,
  aiSdk('ai-sdk openai.chat', 'openai', (question) => createOpenAI({ ...settings(question), baseURL: question.baseURL }).chat(model)),
  aiSdk('ai-sdk openai.responses', 'openai-responses', (question) =>
    createOpenAI({ ...settings(question), baseURL: question.baseURL }).responses(model),
  ),
  aiSdk('ai-sdk anthropic', 'anthropic', (question) => createAnthropic({ ...settings(question), baseURL: question.baseURL })(model)),
  langchainOpenAI,
  langchainAnthropic,
];

/** How a question ended. */
export interface Told {
  readonly text: string;
  /** `pending`: it had not ended when patience did. */
  readonly ending: 'complete' | 'error' | 'pending';
  /** What the SDK said at the end. */
  readonly value?: unknown;
  readonly error?: unknown;
  readonly elapsed: number;
}

/** Asks, and waits for so many milliseconds; what has not ended by then is aborted, and waited for once more so that nothing is left. */
export async function ask(
  sdk: Sdk,
  question: Omit<Question, 'onText'> & { readonly onText?: Question['onText'] },
  patience = 9_000,
): Promise<Told> {
  const stop = new AbortController();
  const signal = question.signal ? AbortSignal.any([question.signal, stop.signal]) : stop.signal;
  const begin = performance.now();
  let text = '';
  const outcome = sdk
    .ask({
      ...question,
      signal,
      onText: (delta) => {
        text += delta;
        return question.onText?.(delta);
      },
    })
    .then(
      (value) => ({ ending: 'complete' as const, value }),
      (error: unknown) => ({ ending: 'error' as const, error }),
    );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<{ readonly ending: 'pending' }>((resolve) => {
    timer = setTimeout(() => resolve({ ending: 'pending' }), patience);
  });
  const told = await Promise.race([outcome, late]);
  clearTimeout(timer);
  const elapsed = performance.now() - begin;
  const result = { text, elapsed, ...told };
  if (told.ending === 'pending') {
    stop.abort();
    await outcome;
  }
  return result;
}
