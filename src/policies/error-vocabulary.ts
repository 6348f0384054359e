import * as z from 'zod';
import { type ErrorCategory, errorCategories } from '../core/error-category.ts';
import type { RateLimitSnapshot } from '../core/event.ts';
import { callback, parseOptions } from '../core/options.ts';
import type { ErrorFacts } from '../core/provider.ts';
import type { ErrorWords } from './error-words.ts';

/** What a rule beyond the words found. */
export interface Refinement {
  readonly category?: ErrorCategory | undefined;
  readonly retryable?: boolean | undefined;
}

/** Words by what they mean, in any case, with white space between them. */
export type CategoryWords = { readonly [C in ErrorCategory]?: string };

/** How a provider speaks of its errors, as data. */
export interface ErrorVocabulary {
  /** Codes and types that mean one thing. They count more than the status, within the same hundred. */
  readonly codes?: CategoryWords | undefined;
  /** Types that are given to all kinds of errors. They count where there is no status. */
  readonly types?: CategoryWords | undefined;
  /** Sentences, in lower case, where there is no code for what they say. Only such as no harmless error says. */
  readonly phrases?: { readonly [C in ErrorCategory]?: readonly string[] } | undefined;
  /** Headers that carry the id of the request, the best first. */
  readonly requestIdHeaders?: readonly string[] | undefined;
  /** Headers that carry a wait in milliseconds; they count before `Retry-After`. */
  readonly waitHeaders?: readonly string[] | undefined;
  /** Reads the limits that headers tell. Of a rate limit that names no wait, those of which nothing remains say when there is more. */
  readonly rateLimits?: ((headers: Headers) => readonly RateLimitSnapshot[]) | undefined;
  /** A header that says `true` or `false`: whether to try again. It counts before everything else. */
  readonly retryHeader?: string | undefined;
  /** Members of the body that `refine` looks at. */
  readonly members?: readonly string[] | undefined;
  /** What no single word tells. `category` is what the words say. */
  readonly refine?: ((told: ErrorWords, facts: ErrorFacts, category: ErrorCategory | undefined) => Refinement | undefined) | undefined;
}

const categories = Object.keys(errorCategories) as [ErrorCategory];
const text = z.string({ error: 'must be a string' });
const texts = z.array(text, { error: 'must be an array of strings' });
const words = byCategory(text, 'must hold words by error category');

const schema = z.strictObject(
  {
    codes: words,
    types: words,
    phrases: byCategory(texts, 'must hold arrays of sentences by error category'),
    requestIdHeaders: texts.optional(),
    waitHeaders: texts.optional(),
    rateLimits: callback<NonNullable<ErrorVocabulary['rateLimits']>>().optional(),
    retryHeader: text.optional(),
    members: texts.optional(),
    refine: callback<NonNullable<ErrorVocabulary['refine']>>().optional(),
  },
  { error: 'must be a vocabulary' },
);

function byCategory<S extends z.ZodType>(value: S, error: string) {
  return z.partialRecord(z.enum(categories), value, { error }).optional();
}

/** Vocabularies made ready for reading. Where two know a word, the first one's meaning holds. */
export class ErrorLexicon {
  readonly requestIdHeaders: readonly string[];
  readonly waitHeaders: readonly string[];
  readonly retryHeaders: readonly string[];
  readonly members: readonly string[];
  readonly #codes = new Map<string, ErrorCategory>();
  readonly #types = new Map<string, ErrorCategory>();
  readonly #phrases: (readonly [string, ErrorCategory])[] = [];
  readonly #rateLimits: NonNullable<ErrorVocabulary['rateLimits']>[];
  readonly #refinements: NonNullable<ErrorVocabulary['refine']>[];

  constructor(vocabularies: readonly ErrorVocabulary[]) {
    for (const vocabulary of vocabularies) parseOptions('describeErrorBy', schema, vocabulary);
    this.requestIdHeaders = distinct(vocabularies.flatMap(({ requestIdHeaders }) => requestIdHeaders ?? []));
    this.waitHeaders = distinct(vocabularies.flatMap(({ waitHeaders }) => waitHeaders ?? []));
    this.retryHeaders = distinct(vocabularies.flatMap(({ retryHeader }) => retryHeader ?? []));
    this.members = distinct(vocabularies.flatMap(({ members }) => members ?? []));
    this.#rateLimits = distinct(vocabularies.flatMap(({ rateLimits }) => rateLimits ?? []));
    this.#refinements = distinct(vocabularies.flatMap(({ refine }) => refine ?? []));
    for (const { codes, types, phrases } of vocabularies) {
      addWords(this.#codes, codes);
      addWords(this.#types, types);
      for (const [category, sentences] of entriesOf(phrases)) {
        for (const sentence of sentences) this.#phrases.push([sentence, category]);
      }
    }
  }

  /** Of the first word that means one thing. */
  specificCategory(words: readonly string[]): ErrorCategory | undefined {
    return firstOf(words, this.#codes);
  }

  /** Of the first word that is given to all kinds of errors. */
  genericCategory(words: readonly string[]): ErrorCategory | undefined {
    return firstOf(words, this.#types);
  }

  /** Of a sentence anywhere in the first 2,000 characters. */
  phraseCategory(text: string): ErrorCategory | undefined {
    const said = text.slice(0, 2_000).toLowerCase();
    return this.#phrases.find(([sentence]) => said.includes(sentence))?.[1];
  }

  /** The limits that headers tell, of whomever they are. */
  rateLimits(headers: Headers): RateLimitSnapshot[] {
    return this.#rateLimits.flatMap((read) => read(headers));
  }

  /** The first that has something to say of the category, and the first that has of a retry. */
  refine(told: ErrorWords, facts: ErrorFacts, category: ErrorCategory | undefined): Refinement {
    const found = this.#refinements.map((refine) => refine(told, facts, category));
    return {
      category: found.find((each) => each?.category !== undefined)?.category,
      retryable: found.find((each) => each?.retryable !== undefined)?.retryable,
    };
  }
}

function firstOf(words: readonly string[], table: ReadonlyMap<string, ErrorCategory>): ErrorCategory | undefined {
  for (const word of words) {
    const category = table.get(word.toLowerCase());
    if (category !== undefined) return category;
  }
  return undefined;
}

function addWords(table: Map<string, ErrorCategory>, words: CategoryWords | undefined): void {
  for (const [category, list] of entriesOf(words)) {
    for (const word of list.toLowerCase().split(/\s+/)) {
      if (word !== '' && !table.has(word)) table.set(word, category);
    }
  }
}

function entriesOf<T>(record: { readonly [C in ErrorCategory]?: T } | undefined): [ErrorCategory, T][] {
  return Object.entries(record ?? {}) as [ErrorCategory, T][];
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
