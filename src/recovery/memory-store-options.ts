import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { limit, milliseconds } from '../core/options.ts';

/** How long a store in memory keeps streams, and how much of them. */
export interface MemoryStoreOptions {
  /** Milliseconds that a stream is kept after its producer's last sign of life, from 1. Default: 15 minutes. */
  readonly ttl?: number | undefined;
  /** Milliseconds that a stream is kept after its end, from 1. Default: 15 minutes. */
  readonly sealedTtl?: number | undefined;
  /** Events of one stream, before its beginning becomes a snapshot; from 1. Default: 10,000. */
  readonly maxEvents?: number | undefined;
  /** Bytes of one stream's events, two for each character of their JSON, before its beginning becomes a snapshot; from 1. Default: 16 MiB. */
  readonly maxBytes?: number | undefined;
  /** Streams in all, from 1. Default: 100,000. */
  readonly maxStreams?: number | undefined;
  /** Bytes in all, from 1: two for each character, 160 for each entry of a log and 1,024 for each stream. Default: 256 MiB. */
  readonly maxStoreBytes?: number | undefined;
}

const { ttl, sealedTtl, maxEvents, maxBytes, maxStreams, maxStoreBytes } = defaults.store;

export const memoryStoreSchema = z.strictObject({
  ttl: milliseconds(1).default(ttl),
  sealedTtl: milliseconds(1).default(sealedTtl),
  maxEvents: limit(1).default(maxEvents),
  maxBytes: limit(1).default(maxBytes),
  maxStreams: limit(1).default(maxStreams),
  maxStoreBytes: limit(1).default(maxStoreBytes),
});
