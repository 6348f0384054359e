/** Spans and metrics of OpenTelemetry: `steadystream/opentelemetry`. Needs `@opentelemetry/api`, and no more of it. */
export { inferenceNames, operationNames, type TelemetryName, type TelemetryNames } from './names.ts';
export { type OpenTelemetry, openTelemetry } from './open-telemetry.ts';
export type { OpenTelemetryOptions } from './open-telemetry-options.ts';
export type { PropagationOptions } from './traced-transport.ts';
