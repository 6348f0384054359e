import { isContentEvent } from '../../index.ts';
import { startFaultServer } from '../fault-server.ts';
import { bytesOf } from './body.ts';
import { decoderOf, taken } from './decode.ts';
import { clientOver, messagesOf, type Subject } from './subject.ts';

const patience = 5_000;

/** Leaves an answer after its first content, while the server keeps silent, and looks whether the socket is closed. */
export async function leaveInTheMiddle(subject: Subject, body: Uint8Array, blocks: readonly string[]): Promise<void> {
  const after = await firstContentOf(subject, blocks);
  // Without content there is no middle.
  if (after === undefined || after >= body.length) return;
  const server = await startFaultServer({ body, headers: { 'content-type': subject.contentType }, after, fault: 'stall' });
  try {
    await leaveAtContent(subject, server.url);
    const recorded = await server.request(0);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, patience, false);
    });
    const isClosed = await Promise.race([recorded.closed.then(() => true), late]);
    clearTimeout(timer);
    if (!isClosed) throw new Error('the socket is open after the subscription was left');
  } finally {
    await server.close();
  }
}

/** How many bytes it takes until there is content. */
async function firstContentOf(subject: Subject, blocks: readonly string[]): Promise<number | undefined> {
  let text = '';
  for (const block of blocks) {
    text += block;
    const decoder = decoderOf(subject);
    const messages = await messagesOf(subject, bytesOf(text));
    // Without the end of the body, which does not come.
    if (messages.some((message) => taken(() => decoder.decode(message)).some(isContentEvent))) return bytesOf(text).length;
  }
  return undefined;
}

function leaveAtContent(subject: Subject, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const subscription = clientOver(subject, (_url, init) => fetch(url, init))
      .stream(subject.request)
      .subscribe({
        next: (event) => {
          if (!isContentEvent(event)) return;
          // Synchronous sources may emit before `subscribe` returns.
          queueMicrotask(() => {
            subscription.unsubscribe();
            resolve();
          });
        },
        error: reject,
        complete: () => reject(new Error('it completes in the middle')),
      });
  });
}
