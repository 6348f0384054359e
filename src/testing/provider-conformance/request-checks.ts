import { isDeepStrictEqual } from 'node:util';
import type { HttpRequest } from '../../index.ts';
import type { ConformanceCheck } from './options.ts';
import { contextOf, type Subject } from './subject.ts';

/** What is promised of a request. */
export function requestChecks(subject: Subject): ConformanceCheck[] {
  const { provider, request } = subject;
  const made = (): HttpRequest => provider.request(frozen(structuredClone(request)), contextOf());
  return [
    {
      name: 'the same request is the same HTTP request, and is not changed',
      run: async () => {
        const [first, second] = [plain(made()), plain(made())];
        if (!isDeepStrictEqual(first, second)) throw new Error('the second one is another; a request is a pure function');
      },
    },
    {
      name: 'an HTTP request is plain data',
      run: async () => {
        const { credentials: _, ...http } = made();
        if (!isDeepStrictEqual(plain(http), withoutUndefined(http))) throw new Error('it holds something that JSON does not');
        if (!URL.canParse(http.url)) throw new Error('its url is not absolute');
        if (http.body !== undefined && typeof http.body !== 'string') throw new Error('its body is no text');
      },
    },
    {
      name: 'an HTTP request names the model and says what was asked',
      run: async () => {
        const { url, body = '' } = made();
        if (request.rawBody !== undefined) return;
        if (!`${decodeURIComponent(url)}${body}`.includes(request.model)) throw new Error('the model is in neither its url nor its body');
        for (const text of textsOf(request.messages)) {
          // As it stands in JSON, whatever it is part of.
          if (!body.includes(JSON.stringify(text).slice(1, -1)))
            throw new Error(`a message is not in its body: ${JSON.stringify(text.slice(0, 100))}`);
        }
      },
    },
    {
      name: 'what is secret stands in headers alone',
      run: async () => {
        const http = made();
        const headers = { ...http.headers, ...(await http.credentials?.()) };
        const secrets = subject.apiKey === undefined ? secretsIn(headers) : [subject.apiKey];
        for (const secret of secrets) {
          if (`${http.url}${decodeURIComponent(http.url)}${http.body ?? ''}`.includes(secret))
            throw new Error('a secret is in its url or its body');
        }
        if (subject.apiKey !== undefined && !JSON.stringify(headers).includes(subject.apiKey))
          throw new Error('the key is in none of its headers');
      },
    },
    {
      name: 'two calls do not mix',
      run: async () => {
        const alone = plain(made());
        const http = provider.request({ ...request, model: 'another-model' }, contextOf('conformance-2'));
        const again = plain(made());
        if (!isDeepStrictEqual(alone, again)) throw new Error('a request differs after another one was made');
        if (request.rawBody === undefined && `${http.url}${http.body ?? ''}`.includes(request.model))
          throw new Error('it names the model of another call');
      },
    },
  ];
}

function plain({ credentials: _, ...http }: HttpRequest): HttpRequest {
  return JSON.parse(JSON.stringify(http)) as HttpRequest;
}

function withoutUndefined(http: HttpRequest): object {
  return Object.fromEntries(Object.entries(http).filter(([, value]) => value !== undefined));
}

function textsOf(messages: Subject['request']['messages']): string[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' ? [content] : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
}

/** The values of headers that carry a key, and what follows a scheme in them. */
function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers)
    .filter(([name]) => /auth|key|token|secret/i.test(name) && !/idempotency/i.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\w+\s+/, '')])
    .filter((value) => value.length >= 4);
}

/** So that a change of it throws. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
