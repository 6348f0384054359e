import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { countdownTo } from './countdown';
import type { Waiting } from './waiting';

/** What is waited for, with a clock. */
@Component({
  selector: 'app-status-line',
  changeDetection: ChangeDetectionStrategy.OnPush,
  // A clock that is read out each second helps nobody: what is worth saying is said by the application.
  host: { 'aria-hidden': 'true', '[class.retrying]': 'waiting().until !== undefined' },
  template: `
    <span class="pulse"></span>
    <span class="words">{{ words() }}</span>
    @if (waiting().attempt; as attempt) {
      <span class="attempt">attempt {{ attempt }}</span>
    }
  `,
})
export class StatusLine {
  readonly waiting = input.required<Waiting>();

  private readonly seconds = countdownTo(computed(() => this.waiting().until));
  protected readonly words = computed(() => {
    const { words, until } = this.waiting();
    if (until === undefined) return words;
    const seconds = this.seconds();
    return seconds ? `${words}, trying again in ${seconds} s` : `${words}, trying again`;
  });
}
