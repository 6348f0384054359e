import { ChangeDetectionStrategy, Component, type ElementRef, input, output, signal, viewChild } from '@angular/core';

/** Where a message is written. Enter sends it, Shift+Enter begins a new line. */
@Component({
  selector: 'app-composer',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="submit($event)">
      <label class="visually-hidden" for="message">Message</label>
      <div class="growing-field" [attr.data-text]="text()">
        <textarea
          #field
          id="message"
          rows="1"
          placeholder="Ask something"
          aria-describedby="message-keys"
          enterkeyhint="send"
          autofocus
          [value]="text()"
          (input)="text.set(field.value)"
          (keydown.enter)="enter($event)"
        ></textarea>
      </div>
      @if (running()) {
        <button type="button" class="round" aria-label="Stop" title="Stop" (click)="stopped.emit()">
          <svg viewBox="0 0 20 20" aria-hidden="true"><rect x="5.5" y="5.5" width="9" height="9" rx="1.5" /></svg>
        </button>
      } @else {
        <button type="submit" class="round" aria-label="Send" title="Send" [disabled]="text().trim() === ''">
          <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 16V4.5M5 9l5-5 5 5" /></svg>
        </button>
      }
    </form>
    <p id="message-keys" class="keys"><kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> begins a new line</p>
  `,
})
export class Composer {
  readonly running = input.required<boolean>();
  readonly sent = output<string>();
  readonly stopped = output<void>();

  protected readonly text = signal('');
  private readonly field = viewChild.required<ElementRef<HTMLTextAreaElement>>('field');

  focus(): void {
    this.field().nativeElement.focus();
  }

  protected submit(event: Event): void {
    event.preventDefault();
    const text = this.text().trim();
    if (text === '' || this.running()) return;
    this.text.set('');
    this.sent.emit(text);
  }

  protected enter(event: Event): void {
    const { shiftKey, isComposing } = event as KeyboardEvent;
    // Of an input method, Enter accepts a word.
    if (!shiftKey && !isComposing) this.submit(event);
  }
}
