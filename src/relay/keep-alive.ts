import { asyncScheduler, Subscription } from 'rxjs';
import { maxTimerDelay } from '../core/defaults.ts';
import type { ReaderQueue } from './reader-queue.ts';

/** A line on its own that begins with a colon says nothing, and shows that the connection lives. */
export const comment = ':\n\n';

/** A comment where nothing was given for so long, and somebody waits for it. One timer, set anew when it fires. */
export function keepAlive(queue: ReaderQueue, heartbeat: number): Subscription {
  const beats = new Subscription();
  const beat = (): void => {
    const due = queue.givenAt + heartbeat - asyncScheduler.now();
    const timer = asyncScheduler.schedule(
      () => {
        beats.remove(timer);
        if (asyncScheduler.now() - queue.givenAt >= heartbeat) {
          if (queue.isHungry) queue.push(comment);
          queue.deliver();
          queue.rest();
        }
        beat();
      },
      Math.max(due, 1),
    );
    beats.add(timer);
  };
  queue.rest();
  if (heartbeat <= maxTimerDelay) beat();
  return beats;
}
