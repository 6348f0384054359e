/** How often a property is tried: by default `count` times; `STEADYSTREAM_PROPERTY_RUNS` says otherwise. fast-check prints the seed of a failure. */
export function runs(count = 500): { numRuns: number } {
  const asked = Number(process.env.STEADYSTREAM_PROPERTY_RUNS);
  return { numRuns: Number.isSafeInteger(asked) && asked > 0 ? asked : count };
}

/** Time enough for a property, in milliseconds, also when it is tried more often. */
export const propertyTimeout = 300_000;
