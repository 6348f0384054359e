import type { StreamRequest } from './core/request.ts';

/** Characters a token, in the languages and models that most requests are of. */
const charactersPerToken = 4;
/** What an image costs, roughly. */
const tokensPerImage = 1_000;
/** What is assumed of an answer whose length is not limited. */
const assumedOutput = 1_000;

/** About how many tokens a request costs, its answer included: for a limit of ours, which need not be exact. */
export function requestTokens({ messages, tools, maxOutputTokens = assumedOutput }: StreamRequest): number {
  let characters = tools ? JSON.stringify(tools).length : 0;
  let images = 0;
  for (const { content } of messages) {
    for (const part of typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content) {
      if (part.type === 'text') characters += part.text.length;
      else if (part.type === 'image') images++;
      else characters += JSON.stringify(part).length;
    }
  }
  return Math.ceil(characters / charactersPerToken) + images * tokensPerImage + maxOutputTokens;
}
