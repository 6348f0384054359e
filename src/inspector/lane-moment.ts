import type { Lane, LaneAttempt, LaneMark, LaneOutcome, LaneWait } from './lane.ts';
import type { MomentRecord, RecordedError } from './lifecycle-record.ts';

/** A lane after one more moment of its stream. */
export function afterMoment(lane: Lane, record: MomentRecord, maxMarks: number): Lane {
  const next = change(lane, record);
  const { attempts, waits, marks } = next;
  const excess = [attempts, waits, marks].reduce((sum, list) => sum + Math.max(0, list.length - maxMarks), 0);
  if (excess === 0) return next;
  const last = <T>(list: readonly T[]): readonly T[] => list.slice(-maxMarks);
  return { ...next, attempts: last(attempts), waits: last(waits), marks: last(marks), dropped: next.dropped + excess };
}

function change(lane: Lane, record: MomentRecord): Lane {
  const { at, request } = record;
  const told: Lane = {
    ...lane,
    ...(request !== undefined && { request }),
    ...(record.text !== undefined && { text: record.text }),
  };
  switch (record.type) {
    case 'attempt': {
      const { attempt: number, provider, model } = record;
      const attempts = [...told.attempts, { number, provider, model, startedAt: at }];
      return { ...told, provider, model, attempts, waits: ended(told.waits, at) };
    }
    case 'headers': {
      const { status, providerRequestId } = record;
      return withAttempt(told, record, (attempt) => ({ ...attempt, headersAt: attempt.headersAt ?? at, status, providerRequestId }));
    }
    case 'attempt-end': {
      const { outcome: end, error } = record;
      return withAttempt(told, record, (attempt) => (attempt.endedAt === undefined ? { ...attempt, endedAt: at, end, error } : attempt));
    }
    case 'refusal':
      return marked({ ...told, waits: ended(told.waits, at) }, { at, type: 'refused', label: record.error.category });
    case 'seam':
      return marked(told, { at, type: 'seam', label: 'a new generation continues here' });
    case 'restart':
      return marked(told, { at, type: 'restart', label: 'all content so far is void' });
    case 'first-content': {
      const { firstContentAt = at } = told;
      return withAttempt({ ...told, firstContentAt }, record, (attempt) => ({ ...attempt, contentAt: attempt.contentAt ?? at }));
    }
    case 'retry': {
      const wait: LaneWait = { kind: 'retry', from: at, until: at + record.delayMs, category: record.category };
      const after = failed(told, at, record.error);
      return { ...after, retries: after.retries + 1, waits: [...ended(after.waits, at), wait] };
    }
    case 'recovery': {
      const wait: LaneWait = { kind: 'recovery', from: at, until: at + record.delayMs, category: record.error.category };
      const after = marked(failed(told, at, record.error), { at, type: 'recovery', label: record.verb });
      return { ...after, waits: [...ended(after.waits, at), wait] };
    }
    case 'cooldown':
      return { ...told, waits: [...ended(told.waits, at), { kind: 'cooldown', from: at, until: at + record.waitMs }] };
    case 'fallback': {
      const { provider, model } = record.to;
      const after = marked(failed(told, at, record.error), { at, type: 'fallback', label: `${provider} ${model}` });
      return { ...after, provider, model };
    }
    case 'usage':
      return marked({ ...told, usage: record.usage }, { at, type: 'usage', label: 'usage of what was stopped' });
    case 'finish':
      return over({ ...told, usage: record.usage, finishReason: record.finishReason }, at, 'ok', 'finish');
    case 'error': {
      const { error, usage = told.usage } = record;
      return over(failed({ ...told, error, usage }, at, error), at, error.category === 'cancelled' ? 'cancelled' : 'failed', 'error');
    }
    case 'cancel':
      return over({ ...told, usage: record.usage ?? told.usage }, at, 'cancelled', 'cancel');
    default:
      // A moment that later versions tell of.
      return told;
  }
}

/** An inspector that came late, or let go of the beginning, does not know of the attempt. */
function withAttempt(
  lane: Lane,
  { at, attempt: number, provider, model }: MomentRecord,
  edit: (attempt: LaneAttempt) => LaneAttempt,
): Lane {
  const index = lane.attempts.findLastIndex((each) => each.number === number);
  const attempt = lane.attempts[index];
  if (!attempt) return { ...lane, attempts: [...lane.attempts, edit({ number, provider, model, startedAt: at })] };
  return { ...lane, attempts: lane.attempts.with(index, edit(attempt)) };
}

function ended(waits: readonly LaneWait[], at: number): readonly LaneWait[] {
  return waits.some(({ endedAt }) => endedAt === undefined)
    ? waits.map((wait) => (wait.endedAt === undefined ? { ...wait, endedAt: at } : wait))
    : waits;
}

/** What is still open has failed with its call. */
function failed(lane: Lane, at: number, error: RecordedError): Lane {
  const end = error.category === 'cancelled' ? 'cancel' : 'error';
  const attempts = lane.attempts.map((each) => (each.endedAt === undefined ? ({ ...each, endedAt: at, end, error } as const) : each));
  return { ...lane, waits: ended(lane.waits, at), attempts };
}

function marked(lane: Lane, mark: LaneMark): Lane {
  return { ...lane, marks: [...lane.marks, mark] };
}

function over(lane: Lane, at: number, outcome: LaneOutcome, end: 'finish' | 'error' | 'cancel'): Lane {
  const attempts = lane.attempts.map((each) => (each.endedAt === undefined ? { ...each, endedAt: at, end } : each));
  return { ...lane, attempts, waits: ended(lane.waits, at), outcome, endedAt: at };
}
