import type { Tracer } from '@opentelemetry/api';
import type { AttributeWriter } from './attribute-writer.ts';
import type { Guard } from './guard.ts';
import type { OpenTelemetrySettings } from './open-telemetry-options.ts';

/** What spans are made with. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly settings: OpenTelemetrySettings;
  readonly attributes: AttributeWriter;
  readonly guard: Guard;
}
