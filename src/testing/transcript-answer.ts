import type { BodyAnswer, Step } from './fault-server/answer.ts';
import { type ReplayOptions, replayedTime } from './replay-fetch.ts';
import { bytesOf, type Transcript } from './transcript.ts';

const ends = { close: 'end', reset: 'reset', stall: 'stall' } as const;

/**
 * What a provider said, as an answer of {@link startFaultServer}: over a real socket, each chunk a write of its own.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const server = await startFaultServer([transcriptAnswer(overloaded), transcriptAnswer(whole, { speed: 10 })]);
 * createClient({ provider: openai({ baseURL: server.url }) }).stream(request).subscribe(console.log);
 * ```
 */
export function transcriptAnswer(transcript: Transcript, options: ReplayOptions = {}): BodyAnswer {
  const timeOf = replayedTime('transcriptAnswer', options);
  const { status, headers, chunks, end = 'close' } = transcript.response;
  const steps: Step[] = [];
  let time = 0;
  for (const chunk of chunks) {
    const due = timeOf(chunk.at);
    if (due > time) steps.push({ wait: due - time });
    time = due;
    steps.push({ send: bytesOf(chunk) });
  }
  // Nothing stands in the place of a request id but what the provider said.
  return {
    status,
    headers: { 'x-request-id': null, 'request-id': null, ...headers },
    body: '',
    after: 'headers',
    fault: [...steps, ends[end]],
  };
}
