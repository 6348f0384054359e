import { createHash } from 'node:crypto';

/** The keys of one stream; they share a hash tag. */
export interface StreamKeys {
  /** A hash. */
  readonly record: string;
  /** A stream. */
  readonly log: string;
  /** A sorted set: who watches, until when. */
  readonly watchers: string;
  /** A hash: tool calls that were claimed. */
  readonly claims: string;
}

/** How the store names its keys. */
export class Keys {
  readonly prefix: string;
  /** Sorted sets of all streams: by their beginning, and by the time at which they are gone. */
  readonly created: string;
  readonly expires: string;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.created = `${prefix}created`;
    this.expires = `${prefix}expires`;
  }

  of(id: string): StreamKeys {
    const tagged = `${this.prefix}{${id}}`;
    return { record: `${tagged}:m`, log: `${tagged}:l`, watchers: `${tagged}:w`, claims: `${tagged}:c` };
  }

  /** What the scripts of one stream are given. */
  all(id: string): readonly string[] {
    const { record, log, watchers, claims } = this.of(id);
    return [record, log, watchers, claims, this.created, this.expires];
  }

  /** A stream: ids that were cancelled, for the process that produces them. */
  control(owner: string): string {
    return `${this.prefix}control:${owner}`;
  }

  /** A string: the id that a tenant's idempotency key stands for. */
  idempotency(tenant: string | undefined, key: string): string {
    return `${this.prefix}idempotency:${hash(JSON.stringify([tenant ?? null, key]))}`;
  }

  /** The tenant's own part of `created`. */
  createdBy(tenant: string): string {
    return `${this.created}:${tenantTag(tenant)}`;
  }
}

/** A tenant as it stands in the names of keys, which more people may read than values; empty for none. */
export function tenantTag(tenant: string | undefined): string {
  return tenant === undefined ? '' : hash(tenant);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
