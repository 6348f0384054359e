import type { ErrorDescription, ErrorFacts } from '../core/provider.ts';
import { describeErrorBy } from '../policies/error-description.ts';
import type { ErrorVocabulary } from '../policies/error-vocabulary.ts';
import { anthropicErrors } from './anthropic-errors.ts';
import { compatibleErrors } from './compatible-errors.ts';
import { geminiErrors } from './gemini-errors.ts';
import { openaiErrors } from './openai-errors.ts';

const knownErrors: readonly ErrorVocabulary[] = [openaiErrors, anthropicErrors, ...compatibleErrors, geminiErrors];

/**
 * Makes the `describeError` of a wire format that gateways speak too: its own words first, then everybody's, for a gateway hands on what the
 * server behind it said.
 */
export function describeErrorAs(own: ErrorVocabulary): (facts: ErrorFacts) => ErrorDescription {
  return describeErrorBy(own, ...knownErrors);
}

/** Reads an error of nobody knows whom. */
export const describeKnownError = describeErrorBy(...knownErrors);
