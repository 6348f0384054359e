/** A paragraph, or what stands between code fences. */
export interface TextBlock {
  readonly kind: 'paragraph' | 'code';
  readonly text: string;
}

/** Cuts a text at blank lines and code fences; a fence that is still open is code already. */
export function textBlocks(text: string): readonly TextBlock[] {
  return text.split(/^```/m).flatMap((part, index): TextBlock[] => {
    // Every other part stands inside of fences, behind the name of a language.
    if (index % 2 === 1) return [{ kind: 'code', text: part.replace(/^[^\n]*\n?/, '').trimEnd() }];
    const paragraphs = part.split(/\n{2,}/).map((paragraph) => paragraph.trim());
    return paragraphs.filter(Boolean).map((paragraph) => ({ kind: 'paragraph', text: paragraph }));
  });
}
