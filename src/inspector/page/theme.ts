/** The colours of the page, as the canvas and the plots need them. */
export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly faint: string;
  readonly border: string;
  readonly surface: string;
  readonly content: string;
  readonly ok: string;
  readonly failed: string;
  readonly wait: string;
  readonly cooldown: string;
  readonly cancelled: string;
}

const names = ['text', 'muted', 'faint', 'border', 'surface', 'content', 'ok', 'failed', 'wait', 'cooldown', 'cancelled'] as const;
const place = 'steadystream-inspector-theme';

/** Dark or light: what was chosen, else what the system says. */
export class Themes {
  current: Theme;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
    const chosen = remembered();
    if (chosen) document.documentElement.dataset.theme = chosen;
    this.current = read();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#update());
  }

  get isDark(): boolean {
    const chosen = document.documentElement.dataset.theme;
    return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
  }

  toggle(): void {
    const next = this.isDark ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(place, next);
    } catch {
      // A browser that remembers nothing.
    }
    this.#update();
  }

  #update(): void {
    this.current = read();
    this.#changed();
  }
}

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as unknown as Theme;
}

function remembered(): string | undefined {
  try {
    const theme = localStorage.getItem(place);
    return theme === 'dark' || theme === 'light' ? theme : undefined;
  } catch {
    return undefined;
  }
}
