/** Names of headers whose values tell how an answer is to be read, and nothing of who asked. All others are left out. */
const keptHeaders =
  /^(?:content-type|date|age|server|via|retry-after(?:-ms)?|x-ms-retry-after-ms|x-should-retry|(?:x-|anthropic-)?ratelimit-[a-z-]{1,60}|(?:x-)?(?:ratelimitbysize|tokenlimit)-[a-z-]{1,60}|(?:[a-z]{1,20}-){0,2}request-id|x-generation-id|cf-ray|openai-(?:version|processing-ms)|anthropic-version)$/;

/** As long as what it stands for, so that neither a cut nor a length changes. */
const masked = (length: number): string => '*'.repeat(length);

const value = String.raw`[^\s"'\\,;&{}<>]{6,4096}`;
const between = String.raw`\\{0,3}["']?\s{0,4}[:=]\s{0,4}\\{0,3}["']?`;

/** Where a word begins: also behind an escape of JSON or of a terminal, whose last letter is none of it. */
const start = String.raw`(?:\b|(?<=\\[nrtbf])|(?<=\[[\d;]{0,8}m))`;

// What is kept of a match stands in its first group. Each pattern begins with a literal and is bounded, so that the search is linear. A bare `token`
// or `signature` is no secret: log probabilities and signed reasoning have members of these names.
const patterns: readonly RegExp[] = [
  new RegExp(String.raw`(${start}(?:proxy-)?authorization${between}(?:(?:bearer|basic)\s{1,4})?)${value}`, 'gi'),
  new RegExp(String.raw`(${start}(?:set-)?cookie${between})[^"'\\\r\n]{6,4096}`, 'gi'),
  new RegExp(String.raw`(${start}(?:bearer|basic)\s{1,4})[\w.~+/=-]{8,4096}`, 'gi'),
  new RegExp(
    `(${start}(?:x-)?(?:goog-)?(?:api|access|secret|client|auth|session|refresh|id)[_-]?(?:key|token|secret)${between})${value}`,
    'gi',
  ),
  new RegExp(`(${start}(?:password|passwd)${between})${value}`, 'gi'),
  /([?&](?:key|code|auth|sig|signature|token|access_token|api_key|api-key)=)[^\s"'\\&#<>]{4,4096}/gi,
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'\\]{1,1024}(?=@)/gi,
  new RegExp(
    String.raw`(${start})(?:sk|pk|rk|gsk|xai|pplx|hf|r8|nvapi|fw|tgp|ghp|gho|ghs|github_pat|glpat|xox[abprs])[-_][\w*-]{12,4096}`,
    'gi',
  ),
  new RegExp(String.raw`(${start})AIza[\w-]{10,4096}`, 'g'),
  new RegExp(`(${start})(?:AKIA|ASIA)[A-Z0-9]{12,128}`, 'g'),
  new RegExp(String.raw`(${start})eyJ[\w-]{6,8192}\.[\w-]{2,8192}(?:\.[\w-]{0,8192})?`, 'g'),
];

/** A shorter value may be any word of an answer: local servers take `test` for a key. */
const minSecret = 8;
/** From here on no word of an answer holds it by chance. */
const surelySecret = 16;

/** Where a known secret stands: as a word, for a short one may be part of another. */
function known(secret: string): RegExp {
  const literal = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  if (secret.length >= surelySecret) return new RegExp(literal, 'g');
  const before = String.raw`(?:(?<![A-Za-z\d])|(?<=\\[nrtbf]|\\u[\dA-Fa-f]{4}|%[\dA-Fa-f]{2}|\[[\d;]{0,8}m))`;
  const first = /^[A-Za-z\d]/.test(secret) ? before : '';
  const last = /[A-Za-z\d]$/.test(secret) ? String.raw`(?![A-Za-z\d])` : '';
  return new RegExp(first + literal + last, 'g');
}

/** Asterisks in the place of whatever looks like a secret, and of those that are known. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) safe = safe.replace(known(secret), masked(secret.length));
  for (const pattern of patterns) safe = safe.replace(pattern, (match, kept: string) => kept + masked(match.length - kept.length));
  return safe;
}

/** The headers of a response that may be kept. */
export function headersWithoutSecrets(headers: Headers, secrets: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  headers.forEach((text, name) => {
    if (keptHeaders.test(name)) kept[name] = withoutSecrets(text, secrets);
  });
  return kept;
}

/** What a request carries that must stand in no file, also where the provider repeats it. The longest come first, since one may hold another. */
export function secretsOfRequest(url: string, headers: Headers): string[] {
  const secrets: string[] = [];
  headers.forEach((text, name) => {
    const isNumber = /^\d+(?:\.\d+)?$/.test(text);
    if (/auth|key|token|secret|cookie|credential|password/.test(name) && name !== 'idempotency-key' && !isNumber) {
      secrets.push(text, text.replace(/^(?:bearer|basic|token)\s+/i, ''));
    }
  });
  const query = url.indexOf('?');
  if (query !== -1) {
    for (const [name, text] of new URLSearchParams(url.slice(query + 1))) {
      if (/key|token|secret|sig|auth|password|code/i.test(name)) secrets.push(text, encodeURIComponent(text));
    }
  }
  return secrets.filter(({ length }) => length >= minSecret).sort((one, other) => other.length - one.length);
}
