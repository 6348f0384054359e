import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { isProviderError, type ProviderError } from '../index.ts';
import { retryAfterOf, toHttpException } from './to-http-exception.ts';

/** Express and Fastify have these in common. */
interface FrameworkResponse {
  readonly headersSent?: boolean | undefined;
  readonly sent?: boolean | undefined;
  status(code: number): FrameworkResponse;
  header(name: string, value: string): FrameworkResponse;
  send(body: unknown): unknown;
}

/** Also those of another copy of the library, CommonJS beside ESM, whose class is another. */
// biome-ignore lint/complexity/noStaticOnlyClass: what Nest asks is `instanceof`.
const AnyProviderError = class {
  static [Symbol.hasInstance](value: unknown): boolean {
    return isProviderError(value);
  }
};

/**
 * Answers with what {@link toHttpException} makes of a `ProviderError`, and with `Retry-After`. Without it Nest says 500 to each of them.
 *
 * @example
 * ```ts
 * app.useGlobalFilters(new ProviderErrorFilter());
 * ```
 */
export class ProviderErrorFilter implements ExceptionFilter<ProviderError> {
  catch(error: ProviderError, host: ArgumentsHost): void {
    // Over another transport there is no status to give.
    if (host.getType() !== 'http') throw error;
    const response = host.switchToHttp().getResponse<FrameworkResponse>();
    if (response.headersSent || response.sent) return;
    const exception = toHttpException(error);
    const retryAfter = retryAfterOf(exception);
    if (retryAfter !== undefined) response.header('retry-after', retryAfter);
    response.status(exception.getStatus()).send(exception.getResponse());
  }
}
Catch(AnyProviderError)(ProviderErrorFilter);
