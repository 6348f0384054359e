import { describe, expect, it } from 'vitest';
import { startTraffic } from '../../examples/inspector/traffic.ts';
import { recordLifecycle } from '../../src/inspector/index.ts';
import { afterwards } from '../integration/support.ts';

describe('the example', () => {
  it('has streams that are tried again, that fall back, and that are left, until it is closed', async () => {
    const { client, streams$, close } = await startTraffic();
    afterwards(close);
    const types = new Set<string>();
    const watching = client.lifecycle$.subscribe(({ type }) => types.add(type));
    const running = streams$.subscribe();
    const wanted = ['begin', 'attempt', 'headers', 'first-content', 'retry', 'fallback', 'finish', 'error'];
    await expect.poll(() => wanted.every((type) => types.has(type)), { timeout: 12_000 }).toBe(true);
    running.unsubscribe();
    watching.unsubscribe();
    const after = recordLifecycle({ client }, '/dev/null');
    await close();
    expect(after.written).toBe(0);
    await after.close();
  });
});
