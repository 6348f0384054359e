import type { Decoder, ProviderEvent, ResponseHead, SseMessage } from '../../index.ts';
import type { Subject } from './subject.ts';

/** A new decoder, as for an attempt. */
export function decoderOf({ provider, contentType }: Subject): Decoder {
  const head: ResponseHead = { type: 'head', status: 200, headers: new Headers({ 'content-type': contentType }) };
  return provider.decoder(head);
}

/** What one step of a decoder yields, copied before the next; what it throws ends it. */
export function taken(step: () => Iterable<ProviderEvent> | undefined): ProviderEvent[] {
  const events: ProviderEvent[] = [];
  for (const event of step() ?? []) events.push(structuredClone(event));
  return events;
}

/** What a decoder makes of messages and the clean end of the body. */
export function decoded(decoder: Decoder, messages: readonly SseMessage[]): ProviderEvent[] {
  return [
    ...taken(() => decoder.begin?.()),
    ...messages.flatMap((message) => taken(() => decoder.decode(message))),
    ...taken(() => decoder.end?.()),
  ];
}
