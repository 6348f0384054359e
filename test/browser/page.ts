// What the page of the tests does; bundled by them, and run in a browser.
import { Subscription } from 'rxjs';
import { createClient } from '../../src/client.ts';
import type { ProviderError } from '../../src/core/provider-error.ts';
import { textDeltas } from '../../src/operators/text-deltas.ts';
import { relay } from '../../src/relay.ts';

const request = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] } as const;

interface Shown {
  text: string;
  status: 'reading' | 'done' | 'failed';
  /** How often a native EventSource said that something was wrong. */
  errors: number;
  detail: string;
  location: string;
}

const shown: Shown = { text: '', status: 'reading', errors: 0, detail: '', location: '' };
let reading = new Subscription();

function show(text: string): void {
  shown.text += text;
  document.body.textContent = shown.text;
}

/** By our client. */
function readByClient(heartbeat: number): void {
  const provider = relay({ url: '/chat', heartbeat });
  const client = createClient({
    provider,
    retry: { initialDelay: 50, maxDelay: 200 },
  });
  reading = client
    .stream(request)
    .pipe(textDeltas())
    .subscribe({
      next: show,
      complete: () => {
        shown.status = 'done';
      },
      error: (error: ProviderError) => {
        shown.status = 'failed';
        shown.detail = error.message;
      },
    });
}

/** By a native EventSource, which cannot POST. */
async function readByEventSource(closes: boolean): Promise<void> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const response = await fetch('/chat', { method: 'POST', headers, body: JSON.stringify(request) });
  const { location } = (await response.json()) as { location: string };
  shown.location = location;
  follow(location, closes);
}

function follow(location: string, closes: boolean): void {
  const source = new EventSource(location);
  reading.add(() => source.close());
  source.onmessage = ({ data }: MessageEvent<string>) => {
    const event = JSON.parse(data) as { readonly type: string; readonly text?: string };
    if (event.type === 'text-delta') show(event.text ?? '');
    if (event.type === 'end') {
      shown.status = 'done';
      if (closes) source.close();
    }
  };
  source.onerror = () => {
    shown.errors++;
    if (source.readyState === EventSource.CLOSED) shown.detail = 'closed for ever';
  };
}

Object.assign(globalThis, { shown, readByClient, readByEventSource, stop: () => reading.unsubscribe() });
