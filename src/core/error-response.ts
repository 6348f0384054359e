import type { ErrorFacts } from './provider.ts';

/**
 * The provider answered with an error: by its status, or inside a stream that began well.
 *
 * Raised by transports and decoders, and turned into a `ProviderError` by `classifyErrors`. Never reaches a user.
 */
export class ErrorResponse extends Error {
  override readonly name = 'ErrorResponse';
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts) {
    super('The provider answered with an error.');
    this.facts = facts;
  }
}
