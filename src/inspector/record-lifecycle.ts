import { createWriteStream } from 'node:fs';
import { finished, type Writable } from 'node:stream';
import { parseRecordingOptions, type RecordingOptions } from './inspector-options.ts';
import type { LifecycleRecord } from './lifecycle-record.ts';
import { recordsOf } from './lifecycle-source.ts';

/** A log that is being written. */
export interface LifecycleRecording {
  /** Records written, or on their way. */
  readonly written: number;
  /** Records left out: the log was full, too slow, or could not be written. */
  readonly dropped: number;
  /** Ends the log, and resolves when what was on its way is written, or cannot be. Never rejects. */
  close(): Promise<void>;
}

/**
 * Writes what happens to all streams of a client to a file, or to any writable stream: one record a line, as JSON (NDJSON), for
 * `startInspector({ log })`, {@link readLifecycle} and whatever else reads lines.
 *
 * No stream waits for it, and none fails with it: what cannot be written in time is left out, counted, and told by a line of its own. It holds no text of the
 * user's or the model's unless `content` is set, and no secret.
 *
 * @param target The path of a file, which is written anew, or a writable stream, which is not ended by `close()`.
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const recording = recordLifecycle({ client }, 'incident.ndjson');
 * await recording.close(); // when the process ends
 * ```
 */
export function recordLifecycle(options: RecordingOptions, target: string | Writable): LifecycleRecording {
  const { maxBytes, maxWaitingBytes, ...observed } = parseRecordingOptions(options);
  const isOurs = typeof target === 'string';
  const sink = isOurs ? createWriteStream(target) : target;
  let bytes = 0;
  let written = 0;
  let dropped = 0;
  let untold = 0;
  let isBroken = false;
  // A disk that is full must not end the process.
  sink.on('error', () => {
    isBroken = true;
  });

  const drop = (): void => {
    dropped++;
    untold++;
  };
  const writeLine = (record: LifecycleRecord): boolean => {
    const line = `${JSON.stringify(record)}\n`;
    const length = Buffer.byteLength(line);
    const hasRoom = bytes + length <= maxBytes && sink.writableLength + length <= maxWaitingBytes;
    if (isBroken || sink.destroyed || sink.writableEnded || !hasRoom) return false;
    bytes += length;
    sink.write(line);
    return true;
  };
  const write = (record: LifecycleRecord): void => {
    if (untold > 0 && writeLine({ at: record.at, type: 'dropped', records: untold })) untold = 0;
    if (untold === 0 && writeLine(record)) written++;
    else drop();
  };

  const { records$ } = recordsOf(observed);
  const subscription = records$.subscribe((record) => {
    try {
      write(record);
    } catch {
      drop();
    }
  });

  return {
    get written() {
      return written;
    },
    get dropped() {
      return dropped;
    },
    close() {
      subscription.unsubscribe();
      return new Promise((resolve) => {
        if (isBroken || sink.destroyed) resolve();
        else if (isOurs) {
          finished(sink, () => resolve());
          if (!sink.writableEnded) sink.end();
        } else sink.write('', () => resolve());
      });
    },
  };
}
