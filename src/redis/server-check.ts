import type { OpenConnection } from './open-connection.ts';

/** What should be known of the server behind a connection before streams are trusted to it; nothing where it does not say. */
export async function warningsOf(connection: OpenConnection): Promise<readonly string[]> {
  const facts = new Map<string, string>();
  for (const line of String(await connection.send(['INFO'])).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const policy = facts.get('maxmemory_policy');
  const version = facts.get('redis_version');
  const warnings: string[] = [];
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `steadystream: Redis evicts keys when its memory is full (maxmemory-policy ${policy}): streams may be lost. Use noeviction.`,
    );
  }
  if (version !== undefined && Number.parseInt(version, 10) < 7) {
    warnings.push(`steadystream: Redis ${version} is too old for redisStore(), which needs version 7.`);
  }
  if (facts.get('cluster_enabled') === '1') warnings.push('steadystream: redisStore() does not work with Redis Cluster.');
  return warnings;
}
