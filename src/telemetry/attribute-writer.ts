import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { namesOf, type TelemetryNames } from './names.ts';

/** Values under the names that are in force. */
export type NamedValues = { readonly [K in keyof TelemetryNames]?: AttributeValue | undefined };

/** Puts values under their names: one, several, or none. */
export class AttributeWriter {
  readonly #names: ReadonlyMap<string, readonly string[]>;

  constructor(names: TelemetryNames) {
    this.#names = new Map(Object.entries(names).map(([key, name]) => [key, namesOf(name)]));
  }

  namesOf(key: keyof TelemetryNames): readonly string[] {
    return this.#names.get(key) ?? [];
  }

  /** @param own Under our own names, which no convention has. */
  write(values: NamedValues, own: Attributes = {}): Attributes {
    const attributes: Attributes = {};
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) continue;
      for (const name of this.#names.get(key) ?? []) attributes[name] = value;
    }
    for (const [name, value] of Object.entries(own)) if (value !== undefined) attributes[`steadystream.${name}`] = value;
    return attributes;
  }
}
