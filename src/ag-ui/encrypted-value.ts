import { isItemOfAnswer } from '../endpoint.ts';
import type { Part, ProviderMetadata } from '../index.ts';

type ProviderItem = Extract<Part, { readonly type: 'provider-item' }>;

/** What only its provider understands travels as the encrypted value of a message or a call, which clients keep and give back. */
export function encryptedMetadata(providerMetadata: ProviderMetadata): string {
  return JSON.stringify({ providerMetadata });
}

/** The same of a part that is nothing else. */
export function encryptedItem({ format, item }: Pick<ProviderItem, 'format' | 'item'>): string {
  return JSON.stringify({ providerItem: { format, item } });
}

/** What an encrypted value of ours held; somebody else's holds nothing. */
export function decrypted(value: unknown): { readonly providerMetadata?: ProviderMetadata; readonly providerItem?: ProviderItem } {
  let held: unknown;
  try {
    held = JSON.parse(String(value));
  } catch {
    // Not ours.
  }
  if (!isFields(held)) return {};
  const { providerMetadata, providerItem } = held;
  const { format, item } = isFields(providerItem) ? providerItem : {};
  return {
    ...(isFields(providerMetadata) &&
      Object.values(providerMetadata).every(isFields) && { providerMetadata: providerMetadata as ProviderMetadata }),
    ...(typeof format === 'string' &&
      isFields(item) &&
      isItemOfAnswer(item) && { providerItem: { type: 'provider-item' as const, format, item } }),
  };
}

/** Whether a value is an object with members. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
