import type { ServerResponse } from 'node:http';

/** What tells how much waits: of HTTP/2 it is the stream. */
interface Writing {
  readonly writableNeedDrain?: boolean | undefined;
}

/** Resolves when what was given to a response is on its way, and it takes more; or is closed. */
export async function hasRoom(response: ServerResponse & { readonly stream?: Writing | undefined }): Promise<void> {
  // Nest passes messages on in its own time.
  await new Promise((resolve) => setImmediate(resolve));
  const writing: Writing = response.stream ?? response;
  if (!writing.writableNeedDrain || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.once('drain', go);
    response.once('close', go);
  });
}
