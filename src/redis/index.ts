export { fromIoredis, type IoredisClient } from './from-ioredis.ts';
export type { RedisClient, RedisConnection } from './redis-client.ts';
export { redisEvidence } from './redis-evidence.ts';
export type { RedisEvidenceOptions } from './redis-evidence-options.ts';
export { redisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store-options.ts';
