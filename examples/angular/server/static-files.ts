import { createReadStream, existsSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where a chat may have been built: beside this folder, or by the Angular example. */
const places = ['../dist/chat/browser', '../angular/dist/chat/browser'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

/** Serves the built page, if there is one. A page that is large deserves a proper server of files. */
export function serveFiles(): (request: IncomingMessage, response: ServerResponse) => void {
  const root = places.find((place) => existsSync(join(place, 'index.html')));
  return ({ method, url = '/' }, response) => {
    const path = root && pathOf(url);
    const file = path && join(root, path === '/' ? 'index.html' : path);
    if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.\n');
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'cache-control': 'no-cache' });
    if (method === 'HEAD') response.end();
    else createReadStream(file).pipe(response);
  };
}

/** The path inside of the root, whatever the address says. */
function pathOf(url: string): string | undefined {
  try {
    const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}
