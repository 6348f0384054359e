import { Observable, Subject } from 'rxjs';

/** What the owners of streams are told who listen: the ids of streams that somebody cancels. */
export class OwnerCancellations {
  readonly #byOwner = new Map<string, Subject<string>>();

  of(owner: string): Observable<string> {
    return new Observable((subscriber) => {
      const ids$ = this.#byOwner.get(owner) ?? new Subject<string>();
      this.#byOwner.set(owner, ids$);
      subscriber.add(ids$.subscribe(subscriber));
      subscriber.add(() => {
        if (!ids$.observed) this.#byOwner.delete(owner);
      });
    });
  }

  next(owner: string, id: string): void {
    this.#byOwner.get(owner)?.next(id);
  }

  complete(): void {
    for (const ids$ of [...this.#byOwner.values()]) ids$.complete();
  }
}
