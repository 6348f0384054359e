import { ProviderError, type StreamRequest } from 'steadystream';

const instructions = 'You are a helpful assistant. Answer in plain text, in short paragraphs; put code in fences.';

/** A page sends the conversation. Which model answers, and what it is told first, is said here. */
export function requestFor(model: string): (body: unknown) => StreamRequest {
  return (body) => {
    const messages = (body as Partial<StreamRequest> | null)?.messages;
    const said = Array.isArray(messages) ? messages.filter((message) => message?.role === 'user' || message?.role === 'assistant') : [];
    if (said.length === 0) throw new ProviderError({ category: 'invalid-request', reason: 'there is nothing to answer' });
    return { model, messages: [{ role: 'system', content: instructions }, ...said] };
  };
}
