/** Who plays, as they are printed. */
export const contenderNames = ['steadystream', 'without breaker', 'nothing', 'plain retry', 'cockatiel', 'opossum'] as const;

export type ContenderName = (typeof contenderNames)[number];
