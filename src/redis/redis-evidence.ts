import { defaults, type EvidenceExchange, type NodeEvidence, type ResilienceEvidence } from '../index.ts';
import { Connection } from './connection.ts';
import { exchangeScript } from './evidence-script.ts';
import { connectionLike } from './redis-client.ts';
import { parseRedisEvidenceOptions, type RedisEvidenceOptions } from './redis-evidence-options.ts';
import { failureOf } from './redis-failure.ts';

/**
 * Where processes meet to share evidence, in Redis 7 or later: for `shareResilience()`.
 *
 * The client is only copied: one connection of its own like it is opened with the first round, closed with `close()`, and keeps a process alive
 * until then. A round is one script, on two keys that go when nobody has put up anything for a while; all times are Redis's own. A Redis that is
 * away or slow costs a round, which rejects with a {@link ProviderError}, and nothing else.
 *
 * @throws TypeError that names the option which is wrong.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis';
 * import { redisEvidence } from 'steadystream/redis';
 *
 * const exchange = redisEvidence({ client: createClient({ url: 'redis://localhost:6379' }) });
 * const sharing = shareResilience({ exchange, breakers, cooldowns }).subscribe();
 * sharing.unsubscribe();
 * await exchange.close();
 * ```
 */
export function redisEvidence(options: RedisEvidenceOptions): EvidenceExchange {
  const { client, prefix, commandTimeout } = parseRedisEvidenceOptions(options);
  const connection = new Connection(() => connectionLike(client, commandTimeout), commandTimeout);
  const keys = [`${prefix}{evidence}:until`, `${prefix}{evidence}:reports`];
  const { maxNodes, maxReply } = defaults.sharing;
  return {
    async exchange(own, node, keepFor) {
      try {
        const values = [node, writeReport(own), keepFor, maxNodes, maxReply];
        return readReports(await exchangeScript.run(await connection.open(), keys, values));
      } catch (error) {
        throw failureOf(error);
      }
    },
    async close() {
      connection.close();
    },
  };
}

/** As much as there is room for: verdicts come first. */
function writeReport(evidence: readonly ResilienceEvidence[]): string {
  const report = JSON.stringify(evidence);
  return report.length <= defaults.sharing.maxReport ? report : writeReport(evidence.slice(0, evidence.length >> 1));
}

/** What cannot be read is of another version, or of somebody else. */
function readReports(reply: unknown): NodeEvidence[] {
  const parts = reply as string[];
  const reports: NodeEvidence[] = [];
  for (let index = 0; index + 2 < parts.length; index += 3) {
    const [node = '', age, text = ''] = parts.slice(index, index + 3);
    try {
      const evidence: unknown = JSON.parse(text);
      if (Array.isArray(evidence)) reports.push({ node, ageMs: Number(age), evidence });
    } catch {
      // The others may be read.
    }
  }
  return reports;
}
