import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import type { UIDataParts, UIMessageMetadata } from '../../src/ai-sdk/index.ts';

export type ChatMessage = UIMessage<UIMessageMetadata, UIDataParts>;

/** What the AI SDK's own parser and reducer make of a response. */
export interface Reading {
  readonly chunks: readonly UIMessageChunk[];
  readonly message: ChatMessage | undefined;
  readonly errors: readonly string[];
  /** What reading the body failed with. */
  readonly failure: unknown;
}

export async function readByAiSdk(response: Response): Promise<Reading> {
  const transport = new DefaultChatTransport({ api: 'http://chat.invalid/', fetch: async () => response });
  const stream = await transport.sendMessages({
    chatId: 'chat-1',
    messages: [],
    trigger: 'submit-message',
    messageId: undefined,
    abortSignal: undefined,
  });
  const chunks: UIMessageChunk[] = [];
  let failure: unknown;
  const errors: string[] = [];
  const [forChunks, forMessage] = stream.tee();
  const reading = (async () => {
    const reader = forChunks.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      chunks.push(value);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  let message: ChatMessage | undefined;
  const states = readUIMessageStream<ChatMessage>({
    stream: forMessage,
    onError: (error) => errors.push((error as Error).message),
  });
  for await (const state of states) message = state;
  await reading;
  return { chunks, message, errors, failure };
}
