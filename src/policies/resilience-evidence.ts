import * as z from 'zod';
import { defaults } from '../core/defaults.ts';

/**
 * What one process has found out about a model of a provider, and for how long it holds.
 *
 * `provider` is true for every process: the provider has said it itself, with a 429, a Retry-After, a revoked key. One voice suffices.
 * `node` may be the trouble of one process alone, as a name that does not resolve or a connection that is refused: others believe it when
 * half of all processes say so, and two at least.
 */
export interface EvidenceVerdict {
  /** A `cooldown` makes streams wait, a `failure` opens circuit breakers. */
  readonly kind: 'cooldown' | 'failure';
  readonly scope: 'provider' | 'node';
  readonly provider: string;
  readonly model: string;
  /** For how many more milliseconds. */
  readonly forMs: number;
}

/** Retries that one process has paid for since its round before, less what successes gave back. */
export interface EvidenceSpending {
  readonly kind: 'spent';
  readonly provider: string;
  readonly tenant?: string | undefined;
  readonly tokens: number;
  /** The process's own count of its rounds: nobody charges a round twice. */
  readonly round: number;
}

/** What processes tell each other: plain data, never a state. */
export type ResilienceEvidence = EvidenceVerdict | EvidenceSpending;

/** What one process has put up. */
export interface NodeEvidence {
  /** The process, or rather its subscription: an id that nobody had before. */
  readonly node: string;
  /** How many milliseconds ago it did, by the clock of whoever keeps it. */
  readonly ageMs: number;
  readonly evidence: readonly ResilienceEvidence[];
}

const name = z.string().max(defaults.sharing.maxName);

/** @internal Evidence comes from other processes, of other versions too: what does not fit is left out. */
export const evidenceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['cooldown', 'failure']),
    scope: z.enum(['provider', 'node']),
    provider: name,
    model: name,
    forMs: z.number().transform((forMs) => Math.min(forMs, defaults.sharing.maxFor)),
  }),
  z.object({ kind: z.literal('spent'), provider: name, tenant: name.optional(), tokens: z.number(), round: z.int() }),
]);
