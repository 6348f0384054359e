/** Longer labels are left to the legend, and the marble stands for them. */
const longest = 16;

/** What a pill says: the text or the kind of a value, or the marble's own name where neither is short. */
export function labelOf(name: string, value: unknown): string {
  const text = visible(wordOf(value) ?? name);
  return text === '' || widthOf(text) > longest ? name : text;
}

/** What stands under an error's cross. */
export function errorLabelOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return visible(String(value));
  const { category, code, message } = value as Record<string, unknown>;
  const text = [category, code, message].find((fact) => typeof fact === 'string' && fact !== '');
  return typeof text === 'string' ? visible(text) : 'error';
}

/** How many columns of a monospaced font a text takes. */
export function widthOf(text: string): number {
  return [...text].reduce(
    (width, character) =>
      width + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\p{Emoji_Presentation}]/u.test(character) ? 2 : 1),
    0,
  );
}

function wordOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return value === undefined || typeof value === 'function' ? undefined : String(value);
  const { text, type, status } = value as Record<string, unknown>;
  const word = [text, type, status].find((fact) => typeof fact === 'string' && fact !== '');
  return typeof word === 'string' ? word : undefined;
}

// The spaces at the ends of a token matter, and would not be seen.
function visible(text: string): string {
  return text.replace(/\r?\n/g, '⏎').replace(/^ +| +$/g, (spaces) => '␣'.repeat(spaces.length));
}
