import { readdirSync, readFileSync } from 'node:fs';
import * as rxjs from 'rxjs';
import { describe, expect, it } from 'vitest';
import { FlowGate } from '../src/core/flow-gate.ts';
import * as steadystream from '../src/index.ts';
import * as testing from '../src/testing/index.ts';

const folder = new URL('../marbles/', import.meta.url);

/** A request, where it does not matter which. */
const request: steadystream.StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };

/** An `AbortSignal` that aborts at the first marble of a hot row. */
function abortedBy(stop: rxjs.Observable<unknown>): AbortSignal {
  const controller = new AbortController();
  stop.subscribe(() => controller.abort());
  return controller.signal;
}

/** The flow gate of a consumer that pauses at each `p` of a hot row, and goes on at any other marble. */
function pausedBy(consumer: rxjs.Observable<unknown>): FlowGate {
  const gate = new FlowGate();
  consumer.subscribe((marble) => (marble === 'p' ? gate.close() : gate.reopen()));
  return gate;
}

const scope = { ...rxjs, ...steadystream, ...testing, request, abortedBy, pausedBy, expect };

const files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md');
const drawings = new Set(['README-1.svg', 'README-2.svg']);

for (const file of files) {
  const marbles = testing.loadMarbles(readFileSync(new URL(file, folder), 'utf8'), { scope, file: `marbles/${file}` });
  describe(file, () => {
    marbles.forEach((marble, index) => {
      const drawing = `${file.slice(0, -'.md'.length)}-${index + 1}.svg`;
      drawings.add(drawing);
      it(marble.title, async () => {
        marble.run();
        await expect(marble.draw()).toMatchFileSnapshot(`../marbles/svg/${drawing}`);
        expect(marble.picture, `marbles/${file}:${marble.line}: write ![](svg/${drawing}) under the fence`).toBe(`svg/${drawing}`);
      });
    });
  });
}

describe('the drawings', () => {
  it('belong to a diagram, each of them', () => {
    const drawn = readdirSync(new URL('svg/', folder));
    expect(drawn.filter((drawing) => !drawings.has(drawing))).toEqual([]);
  });
});
