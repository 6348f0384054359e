let tasks: (() => void)[] | undefined;

/** Delivers what came at once, as the messages of one read are; what was put off until then is done behind it. */
export function deliver(run: () => void): void {
  if (tasks) {
    run();
    return;
  }
  const own: (() => void)[] = [];
  tasks = own;
  try {
    run();
  } finally {
    tasks = undefined;
    for (const task of own) task();
  }
}

/**
 * Puts a task off until all has been delivered that came at once.
 *
 * @returns Whether it was: `false` where nothing is being delivered, and it has to be done now.
 */
export function afterDelivery(task: () => void): boolean {
  tasks?.push(task);
  return tasks !== undefined;
}
