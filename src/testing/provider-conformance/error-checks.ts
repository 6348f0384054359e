import { inspect } from 'node:util';
import { errorCategories, type ProviderError } from '../../index.ts';
import { show } from './answer.ts';
import { blocksOf, bytesOf, partsOf } from './body.ts';
import type { ConformanceCheck, ConformanceError } from './options.ts';
import { answering, contextOf, endingOf, type Subject } from './subject.ts';

/** What is promised of an error of the provider. */
export function errorChecks(subject: Subject, { name, status, headers, body, expect }: ConformanceError): ConformanceCheck[] {
  const init: ResponseInit = status === undefined ? {} : { status, headers: { 'content-type': typeOf(body), ...headers } };
  const failed = async (parts: readonly Uint8Array[]): Promise<ProviderError> => {
    const { error } = await endingOf(subject, answering(subject, parts, init));
    if (error === undefined) throw new Error('it is taken for a whole answer');
    return error;
  };
  const checks: Record<string, () => Promise<void>> = {
    'is told as what it is': async () => {
      const error = await failed([bytesOf(body)]);
      if (!Object.hasOwn(errorCategories, error.category)) throw new Error(`its category is none: ${show(error.category)}`);
      if (status === undefined && error.category === 'interrupted' && expect?.category !== 'interrupted')
        throw new Error('it is not noticed: the stream is only interrupted');
      for (const [member, value] of Object.entries(expect ?? {})) {
        const told = error[member as keyof ProviderError];
        if (value !== undefined && told !== value) throw new Error(`${member} is ${show(told)}, and should be ${show(value)}`);
      }
    },
    'is the same however its bytes are cut': async () => {
      const [first, second] = [await failed([bytesOf(body)]), await failed(partsOf(bytesOf(body), 1))];
      if (first.message.split('[')[0] !== second.message.split('[')[0]) throw new Error(`byte by byte it is: ${second.message}`);
    },
    'holds no secret': async () => {
      const http = subject.provider.request(subject.request, contextOf());
      const key =
        subject.apiKey ??
        Object.entries({ ...http.headers, ...(await http.credentials?.()) }).find(([header]) => /auth|api-?key/i.test(header))?.[1];
      if (!key) return;
      const secret = key.replace(/^\w+\s+/, '');
      const error = await failed([bytesOf(withWord(body, secret))]);
      const said = `${error.message}${JSON.stringify(error)}${inspect(error)}${JSON.stringify(error.toPublic())}`;
      if (said.includes(secret)) throw new Error('the key that the provider repeated is in the error');
    },
  };
  if (status === undefined) {
    checks['ends the stream'] = async () => {
      const blocks = blocksOf(bytesOf(body));
      const twice = [...blocks, ...blocks].join('');
      const error = await failed([bytesOf(twice)]);
      if (error.message.split('[')[0] !== (await failed([bytesOf(body)])).message.split('[')[0]) throw new Error('what follows it counts');
    };
  }
  return Object.entries(checks).map(([title, run]) => ({ name: `${name} ${title}`, run }));
}

function typeOf(body: string | Uint8Array): string {
  return typeof body === 'string' && /^\s*</.test(body) ? 'text/html' : 'application/json';
}

/** The body with a word put into its last text, as a provider that repeats a key does. */
function withWord(body: string | Uint8Array, word: string): string {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const end = text.lastIndexOf('"', text.lastIndexOf('}'));
  return end === -1 ? text : `${text.slice(0, end)} ${JSON.stringify(word).slice(1, -1)}${text.slice(end)}`;
}
