import { catchError, defer, type MonoTypeOperatorFunction, Observable, switchMap, throwError, timer } from 'rxjs';
import type { Call } from './call.ts';
import type { Target } from './client-options.ts';
import { type Checkpoint, fingerprintOf } from './core/checkpoint.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { completeError, ProviderError } from './core/provider-error.ts';
import type { StreamRequest } from './core/request.ts';
import { checkpoint } from './operators/checkpoint.ts';
import { OperatorSubscriber } from './operators/operator-subscriber.ts';
import { verifyPrefix } from './operators/verify-prefix.ts';
import { chooseRecovery, continuationOf, type RecoveryVerb } from './policies/recovery.ts';

/** What a generation is asked for: a request; or to be taken up again. */
export interface Ask {
  readonly request: StreamRequest;
  readonly resume?: Checkpoint | undefined;
}

type Events<E extends EventLike> = Observable<StreamEvent | E>;
type Generate<E extends EventLike> = (ask: Ask) => Events<E>;

/**
 * Goes on after a failure that came after content, as the call allows: resumed, continued or begun anew, in the order of its `recovery`.
 *
 * Each of them counts as a retry does: it waits, it takes a token of the budget, and it is one of the attempts. A tool that was called is
 * never called again.
 */
export function recoverOn<E extends EventLike>(
  call: Call,
  target: Target<E>,
  request: StreamRequest,
  refusedFor: () => number,
  generate: Generate<E>,
  recovered = 0,
): MonoTypeOperatorFunction<StreamEvent | E> {
  const recover = (error: ProviderError): Events<E> => {
    if (!call.hasDelivered || call.delivered.isWhole) return throwError(() => error);
    const next = takeOver(call, target, error);
    if (!next) return throwError(() => error);
    const isFree =
      next.verb === 'resume' && target.provider.capabilities?.resumesFreely === true && call.delivered.takeGrowth(next.at.cursor);
    if (isFree) call.forgive();
    const inARow = isFree ? 0 : recovered;
    const decision = call.decideRecovery(error, inARow + 1, { provider: target.provider.name, model: target.model }, refusedFor, isFree);
    if (!('delayMs' in decision)) {
      const gaveUp = 'gaveUp' in decision ? decision.gaveUp : undefined;
      return throwError(() => completeError(error, gaveUp ? { gaveUp } : {}));
    }
    const { delayMs } = decision;
    call.report?.({ type: 'recovery', verb: next.verb, delayMs, error });
    return timer(delayMs).pipe(
      switchMap(() => begin(call, target, request, generate, next)),
      checkpoint(call.delivered),
      recoverOn(call, target, request, refusedFor, generate, inARow + 1),
    );
  };
  return (source) => source.pipe(catchError(recover));
}

/** One target takes over from another, or a generation from the one before it. */
export interface TakeOver {
  readonly verb: RecoveryVerb;
  readonly error: ProviderError;
  readonly at: Checkpoint;
}

/** How a target could take over after content; `undefined` if the call allows it none of the ways. */
export function takeOver<E extends EventLike>(call: Call, target: Target<E>, error: ProviderError): TakeOver | undefined {
  const at = call.checkpoint();
  const verb = verbFor(call, target, at);
  return verb && { verb, error, at };
}

/**
 * What a target says first: its answer to the request; or after content of another, or from a checkpoint that the caller kept, what follows
 * that. Of a checkpoint, what it holds comes first, as a `snapshot`.
 *
 * Fails with `invalid-request` where this target can go on from the checkpoint in none of the ways that the call allows.
 */
export function begin<E extends EventLike>(
  call: Call,
  target: Target<E>,
  request: StreamRequest,
  generate: Generate<E>,
  after: TakeOver | undefined,
): Events<E> {
  if (after) return generate(askFor(after.verb, request, after.at, target)).pipe(openAs<E>(after));
  return call.from ? goOnFrom(call, target, request, call.from, generate) : generate({ request });
}

function goOnFrom<E extends EventLike>(
  call: Call,
  target: Target<E>,
  request: StreamRequest,
  at: Checkpoint,
  generate: Generate<E>,
): Events<E> {
  const verb = verbFor(call, target, at);
  if (!verb) return throwError(() => call.cannotGoOn({ provider: target.provider.name, model: target.model }));
  const snapshot: StreamEvent = { type: 'snapshot', result: at.result };
  return generate(askFor(verb, request, at, target)).pipe(
    replaceStart((start) => {
      call.from = undefined;
      if (verb === 'resume') return [start, snapshot];
      if (verb === 'continue') return [start, snapshot, { ...start, type: 'seam' }];
      // Nobody has seen in this stream what is void.
      call.delivered.clear();
      return [start];
    }),
  );
}

/** Where to begin: with the target whose answer the caller's checkpoint is, if it can be resumed there; those after it are left to fall back on. */
export function targetsFrom<E extends EventLike>(call: Call, targets: readonly [Target<E>, ...Target<E>[]]): [Target<E>, ...Target<E>[]] {
  const { from } = call;
  const canResume = (target: Target<E>): boolean =>
    from?.provider === target.provider.name && from.model === target.model && verbFor(call, target, from) === 'resume';
  const [target, ...others] = targets.slice(Math.max(0, targets.findIndex(canResume)));
  return [target ?? targets[0], ...others];
}

/** A checkpoint of another request is none of this one. */
export function foreignCheckpoint(request: StreamRequest, from: Checkpoint | undefined): ProviderError | undefined {
  if (!from || from.fingerprint === fingerprintOf(request)) return undefined;
  return new ProviderError({
    category: 'invalid-request',
    phase: 'local',
    retryable: false,
    reason: 'from is the checkpoint of another request',
  });
}

function verbFor<E extends EventLike>(call: Call, { provider }: Target<E>, at: Checkpoint): RecoveryVerb | undefined {
  const isHere = at.provider === provider.name && provider.capabilities?.resume === true && provider.resume !== undefined;
  const canResume = isHere && at.cursor !== undefined;
  return chooseRecovery(call.settings.recovery, { canResume, result: at.result, endsInText: call.delivered.endsInText });
}

function askFor<E extends EventLike>(verb: RecoveryVerb, request: StreamRequest, at: Checkpoint, { provider, model }: Target<E>): Ask {
  if (verb === 'resume') return { request, resume: at };
  if (verb !== 'continue') return { request };
  return { request: continuationOf(request, at.result, provider.capabilities?.prefill?.(model, request) ?? false) };
}

/** How the start of a generation shows that takes over in the middle of a stream. */
function openAs<E extends EventLike>({ verb, error, at }: TakeOver): MonoTypeOperatorFunction<StreamEvent | E> {
  if (verb === 'resume') return replaceStart(() => []);
  if (verb === 'continue') return replaceStart((start) => [{ ...start, type: 'seam' }]);
  if (verb === 'restart') return replaceStart((start) => [{ ...start, type: 'restart', error }]);
  return (source) =>
    defer(() => {
      let restart: StreamEvent | undefined;
      const remember = (start: Start): StreamEvent[] => {
        restart = { ...start, type: 'restart', error };
        return [];
      };
      return source.pipe(
        replaceStart(remember),
        verifyPrefix<StreamEvent | E>(at.result.text, () => restart as StreamEvent),
      );
    });
}

type Start = Extract<StreamEvent, { readonly type: 'start' }>;

function replaceStart<E extends EventLike>(by: (start: Start) => readonly StreamEvent[]): MonoTypeOperatorFunction<StreamEvent | E> {
  return (source) =>
    new Observable((subscriber) => {
      const upstream = new OperatorSubscriber<StreamEvent | E>(subscriber, {
        next: (event) => {
          if (event.type !== 'start') {
            subscriber.next(event);
            return;
          }
          upstream.passThrough();
          for (const each of by(event as Start)) if (!subscriber.closed) subscriber.next(each);
        },
      });
      source.subscribe(upstream);
    });
}
