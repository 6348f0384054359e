import { describe, expect, it } from 'vitest';
import { Keys, tenantTag } from '../../src/redis/keys.ts';

describe('the names of keys', () => {
  it('tell neither a tenant nor what it chose as its idempotency key', () => {
    const keys = new Keys('app:');
    const names = [
      keys.createdBy('alice@example.com'),
      keys.idempotency('alice@example.com', 'order of bob@example.com'),
      tenantTag('alice@example.com'),
    ];
    for (const name of names) expect(name).not.toMatch(/alice|bob|example/);
  });

  it('differ where tenants do, also where one has none', () => {
    const keys = new Keys('app:');
    const names = [keys.idempotency('a', 'k'), keys.idempotency('b', 'k'), keys.idempotency(undefined, 'k'), keys.idempotency('', 'k')];
    expect(new Set(names).size).toBe(4);
  });
});
