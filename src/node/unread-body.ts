import type { IncomingMessage } from 'node:http';

/**
 * The body of a request that nobody has read yet, at the pace of who reads it.
 *
 * Nothing is taken before it is asked for: what nobody reads, Node lets go of once the response is over. What was begun and not read to its end
 * is let go of here, else the next request of the connection would never be seen.
 *
 * @param over Aborted when the response is over.
 */
export function unreadBody(incoming: IncomingMessage, over: AbortSignal): ReadableStream<Uint8Array> {
  let isBegun = false;
  let isOver = false;
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const end = (tell: () => void) => (): void => {
      if (!isOver) tell();
      isOver = true;
    };
    const broken = end(() => controller.error(new Error('the request was broken off')));
    incoming.on('data', (bytes: Uint8Array) => {
      if (isOver) return;
      controller.enqueue(bytes);
      if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
    });
    incoming.once(
      'end',
      end(() => controller.close()),
    );
    incoming.once('error', broken);
    incoming.once('close', broken);
    const letGo = (): void => {
      broken();
      incoming.resume();
    };
    if (over.aborted) letGo();
    else over.addEventListener('abort', letGo, { once: true });
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (!isBegun) begin(controller);
        isBegun = true;
        incoming.resume();
      },
      cancel: () => {
        isOver = true;
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}
