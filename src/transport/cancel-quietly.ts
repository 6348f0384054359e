/** Gives a body up. That it cannot be cancelled, at once, later or ever, changes nothing: nobody reads it any more. */
export function cancelQuietly(body: { cancel(): Promise<void> } | null | undefined): void {
  try {
    Promise.resolve(body?.cancel()).catch(() => undefined);
  } catch {}
}
