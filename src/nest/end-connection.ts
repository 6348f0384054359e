import type { ServerResponse } from 'node:http';

/**
 * Closes the connection of a response of a process that is about to end, once all of it is written. Kept alive, it would bring its reader back to
 * this process, which waits for it.
 */
export function endConnection(response: ServerResponse, socket = response.socket): void {
  const { req, writableFinished } = response;
  // One of HTTP/2 has other streams.
  if (req.httpVersionMajor !== 1 || !socket) return;
  if (writableFinished) socket.end();
  else response.once('finish', () => socket.end());
}
