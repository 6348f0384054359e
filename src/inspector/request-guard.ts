import type { IncomingMessage } from 'node:http';

const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Whether a request may be answered: it was asked for by a name of ours, so that no foreign name which was pointed at this machine reaches it, and
 * by a page of ours, so that no foreign page reads it.
 */
export function isAllowed({ headers, method }: IncomingMessage, port: number, names: readonly string[]): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const host = headers.host?.toLowerCase();
  if (
    host === undefined ||
    ![...loopback, ...names.map(bracketed)].some((name) => host === `${name}:${port}` || (port === 80 && host === name))
  ) {
    return false;
  }
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`) return false;
  // A link to it is no way to read it.
  return site === undefined || site === 'same-origin' || site === 'none' || mode === 'navigate';
}

function bracketed(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes(':') && !lower.startsWith('[') ? `[${lower}]` : lower;
}

/** Of every response: nothing from elsewhere runs in the page, and nobody shows it in a frame. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};
