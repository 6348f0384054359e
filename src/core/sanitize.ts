/** Longest provider text kept on an error, in characters. */
export const maxDetailLength = 1024;

const redacted = '[redacted]';

// Every pattern is anchored on a literal and bounded, so that the scan is linear in its input.
const secretPatterns: readonly [RegExp, string][] = [
  [
    /\b(authorization|proxy-authorization|x-api-key|api-key|x-goog-api-key)(["']?\s{0,4}[:=]\s{0,4}["']?)(?:[\w-]{1,20}[ \t]{1,4})?[^\s"',;&}]{1,4096}/gi,
    `$1$2${redacted}`,
  ],
  [/\b(cookie|set-cookie)(["']?\s{0,4}[:=]\s{0,4}["']?)[^"'\r\n}]{1,4096}/gi, `$1$2${redacted}`],
  [/\b(bearer|basic)\s{1,4}[\w.~+/=-]{6,4096}/gi, `$1 ${redacted}`],
  [
    /\b((?:api|access|secret|client|auth|session|refresh|id)[_-]?(?:key|token|secret)|password|passwd|secret|token|signature|sig)(["']?\s{0,4}[:=]\s{0,4}["']?)[^\s"',;&}]{3,4096}/gi,
    `$1$2${redacted}`,
  ],
  [/([?&](?:key|code|auth)=)[^\s"'&#]{1,4096}/gi, `$1${redacted}`],
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"']{1,1024}@/gi, `$1${redacted}@`],
  [/\b(?:sk|pk|rk|gsk|xai|pplx|hf|r8|nvapi|fw|tgp|ghp|gho|ghs|github_pat|glpat|xox[abprs])[-_][\w*-]{4,4096}/gi, redacted],
  [/\bAIza[\w-]{10,4096}/g, redacted],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,128}/g, redacted],
  [/\beyJ[\w-]{6,8192}\.[\w-]{2,8192}(?:\.[\w-]{0,8192})?/g, redacted],
];

// Controls, invisible and direction-changing characters, line separators and halves of surrogate pairs: none of a provider's words may
// reach a terminal or a log with them.
const unsafeCharacters = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

// The letter that ends a terminal's sequence would hide the beginning of a secret behind it: they are kept apart while secrets are looked for.
const terminalSequences = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]{0,32}[A-Za-z]`, 'g');
const border = '\ufdd0';

function escapeCharacter(character: string): string {
  if (character === '\n' || character === '\r' || character === '\t') return ' ';
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

/**
 * Makes foreign text fit for a message, a log or a terminal: secrets redacted, control characters escaped, length bounded.
 *
 * Linear in its input. `secrets` are values known to be secret (header values of the request), redacted wherever they stand.
 */
export function sanitize(text: string, secrets: readonly string[] = [], maxLength: number = maxDetailLength): string {
  // Known secrets go before anything is cut, so that no half of one is left behind unrecognized.
  let safe = text;
  for (const secret of secrets) safe = safe.replaceAll(secret, redacted);
  // Once more after escaping: what stood between a name and its secret may have been what was escaped.
  safe = redact(redact(safe.slice(0, maxLength * 4).replace(terminalSequences, `$&${border}`)).replace(unsafeCharacters, escapeCharacter))
    .replaceAll(border, '')
    .trim();
  return safe.length > maxLength ? `${safe.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')}…` : safe;
}

function redact(text: string): string {
  let safe = text;
  for (const [pattern, replacement] of secretPatterns) safe = safe.replace(pattern, replacement);
  return safe;
}

/** The values in a request's headers and address that must never appear in an error. */
export function secretsOf(url: string, headers: Readonly<Record<string, string>>): string[] {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (/auth|key|token|secret|cookie|credential|password/i.test(name) && !/^idempotency-key$/i.test(name)) {
      secrets.push(value);
      const scheme = /^(?:bearer|basic|token)\s+(.+)$/i.exec(value);
      if (scheme?.[1]) secrets.push(scheme[1]);
    }
  }
  const query = url.indexOf('?');
  if (query !== -1) {
    for (const [name, value] of new URLSearchParams(url.slice(query + 1))) {
      if (/key|token|secret|sig|auth|password/i.test(name)) secrets.push(value);
    }
  }
  return secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
}
