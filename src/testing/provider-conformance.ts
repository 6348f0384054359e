import { type EventLike, fetchTransport, type Provider } from '../index.ts';
import { describeChecks } from './provider-conformance/describe-checks.ts';
import { errorChecks } from './provider-conformance/error-checks.ts';
import type { ConformanceCheck, ConformanceOptions } from './provider-conformance/options.ts';
import { requestChecks } from './provider-conformance/request-checks.ts';
import { streamChecks } from './provider-conformance/stream-checks.ts';
import type { Subject } from './provider-conformance/subject.ts';

export type {
  ConformanceCheck,
  ConformanceError,
  ConformanceOptions,
  ConformanceStream,
  ExpectedAnswer,
} from './provider-conformance/options.ts';

/**
 * The promises of the library as tests of any provider, a user's own included: pure requests, honest ends, whole tool calls, errors that are told
 * apart, whatever the cuts of the bytes.
 *
 * The answers are served from memory and, cut into small writes, over a socket on loopback; nothing else is asked. Belongs to no test runner.
 *
 * @throws TypeError if there is no stream.
 *
 * @example
 * ```ts
 * const checks = providerConformance(acme({ apiKey: 'key-1' }), {
 *   apiKey: 'key-1',
 *   streams: [
 *     {
 *       name: 'text',
 *       body: 'event: text\ndata: {"text":"Hi"}\n\nevent: done\ndata: {"reason":"end"}\n\n',
 *       expect: { text: 'Hi', finishReason: 'stop' },
 *     },
 *   ],
 *   errors: [{ name: 'busy', status: 503, body: '{"error":{"code":"busy"}}', expect: { category: 'overloaded' } }],
 * });
 * for (const check of checks) test(check.name, () => check.run());
 * ```
 */
export function providerConformance<E extends EventLike = never>(provider: Provider<E>, options: ConformanceOptions): ConformanceCheck[] {
  const { streams, errors = [], apiKey, contentType = 'text/event-stream' } = options;
  if (!Array.isArray(streams) || streams.length === 0) throw new TypeError('providerConformance: streams must hold at least one stream');
  const subject: Subject = {
    provider: provider as Provider<never>,
    request: options.request ?? { model: 'model-1', messages: [{ role: 'user', content: 'Hello there' }] },
    contentType,
    apiKey,
    transport: options.transport ?? ((fetch) => fetchTransport({ fetch })),
  };
  return [
    ...requestChecks(subject),
    ...streams.flatMap((stream) => streamChecks(subject, stream)),
    ...errors.flatMap((error) => errorChecks(subject, error)),
    ...describeChecks(subject),
  ].map(({ name, run }) => ({
    name,
    run: async () => {
      try {
        await run();
      } catch (error) {
        throw new Error(`${provider.name}: ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    },
  }));
}
