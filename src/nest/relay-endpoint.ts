import type { ServerResponse } from 'node:http';
import { HttpException } from '@nestjs/common';
import { createRelayHandler, isProviderError, type RelayAccess, type RelayHandler, type RelayHandlerOptions } from '../index.ts';
import { toWebRequest, writeEventStream } from '../node/index.ts';
import { endConnection } from './end-connection.ts';
import { incomingOf, type NodeRequest, type NodeResponse, outgoingOf } from './stream-reader.ts';

/** Options of {@link createRelayEndpoint}. `R` is the framework's request, with what guards and middleware have put on it. */
export interface RelayEndpointOptions<R extends NodeRequest = NodeRequest> extends Omit<RelayHandlerOptions, 'authorize'> {
  /**
   * Whose streams may be read, and are started; guards have had their say. It may throw an exception of Nest. Default: nobody's, which is for
   * pages that know no users.
   */
  readonly authorize?: ((request: R) => RelayAccess | PromiseLike<RelayAccess>) | undefined;
}

/** The routes of a relay, as the body of one method: `return this.relay(request, response)`. */
export type RelayEndpoint<R extends NodeRequest = NodeRequest> = (request: R, response: NodeResponse) => Promise<void>;

/** What a framework of which the response is no stream has to be told, as Fastify has. */
interface Hijackable {
  hijack?(): unknown;
}

/**
 * `POST`, `GET` and `DELETE` of a relay, for one route of Nest over Express or Fastify: what {@link createRelayHandler} answers, but that refusals,
 * and whatever `authorize` and `requestFrom` throw, go through Nest's exception filters.
 *
 * @throws TypeError at once, for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * import { All, Controller, Req, Res } from '@nestjs/common';
 * import type { Request, Response } from 'express';
 *
 * \@Controller('chat')
 * class ChatController {
 *   readonly relay = createRelayEndpoint({ sessions });
 *
 *   \@All(['', ':id'])
 *   chat(\@Req() request: Request, \@Res() response: Response) {
 *     return this.relay(request, response);
 *   }
 * }
 * ```
 */
export function createRelayEndpoint<R extends NodeRequest = NodeRequest>(options: RelayEndpointOptions<R>): RelayEndpoint<R> {
  const { authorize, requestFrom, ...rest } = options;
  // What is wrong with the options is said now.
  createRelayHandler({ ...rest, authorize: authorize as never, requestFrom });

  return async (request, response) => {
    const thrown: unknown[] = [];
    /** What is thrown there is Nest's business; errors of ours have their status. */
    const noting = <A extends unknown[], T>(callback: (...args: A) => T | PromiseLike<T>) => {
      return async (...args: A): Promise<T> => {
        try {
          return await callback(...args);
        } catch (error) {
          if (!isProviderError(error)) thrown.push(error);
          throw error;
        }
      };
    };
    const handler = createRelayHandler({
      ...rest,
      ...(authorize && { authorize: noting(() => authorize(request)) }),
      ...(requestFrom && { requestFrom: noting(requestFrom) }),
    });
    const outgoing = outgoingOf(response);
    const answer = await ask(handler, request, outgoing);
    if (thrown.length > 0) throw thrown[0];
    await throwRefusal(answer, outgoing);
    (response as Hijackable).hijack?.();
    const { socket } = outgoing;
    await writeEventStream(outgoing, answer);
    if (rest.signal?.aborted) endConnection(outgoing, socket);
  };
}

function ask(handler: RelayHandler, request: NodeRequest, outgoing: ServerResponse): Promise<Response> {
  const left = new AbortController();
  outgoing.once('close', () => left.abort());
  return handler(toWebRequest(incomingOf(request), left.signal));
}

/** @throws HttpException with what the relay says of it, and its headers on the response, for what is a refusal. */
async function throwRefusal(answer: Response, outgoing: ServerResponse): Promise<void> {
  if (answer.status < 400 || outgoing.headersSent) return;
  for (const name of ['retry-after', 'allow']) {
    const value = answer.headers.get(name);
    if (value !== null) outgoing.setHeader(name, value);
  }
  throw new HttpException((await answer.json()) as object, answer.status);
}
