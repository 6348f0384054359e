import { afterNextRender, DestroyRef, Directive, ElementRef, inject, input } from '@angular/core';

/** Keeps the end of what is scrolled in sight while it grows, until somebody scrolls up to read. */
@Directive({
  selector: '[appStickToEnd]',
  host: { '(scroll)': 'noticeEnd()' },
})
export class StickToEnd {
  readonly appStickToEnd = input.required<boolean>();
  readonly #element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  #isAtEnd = true;

  constructor() {
    const growth = new ResizeObserver(() => {
      if (this.appStickToEnd() && this.#isAtEnd) this.scrollToEnd();
    });
    afterNextRender(() => {
      for (const element of [this.#element, ...this.#element.children]) growth.observe(element);
    });
    inject(DestroyRef).onDestroy(() => growth.disconnect());
  }

  scrollToEnd(): void {
    this.#isAtEnd = true;
    this.#element.scrollTop = this.#element.scrollHeight;
  }

  protected noticeEnd(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#element;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < 48;
  }
}
