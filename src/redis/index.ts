export { fromIoredis, type IoredisClient } from './from-ioredis.ts';
export type { RedisClient, RedisConnection } from './redis-client.ts';
export { redisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store-options.ts';
