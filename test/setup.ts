import fc from 'fast-check';

// In CI the properties are tried with one seed, so that what is decided there is decided by the change and not by chance; everywhere else
// with a new one each time, which a failure prints. `STEADYSTREAM_PROPERTY_SEED` sets it.
const { CI, STEADYSTREAM_PROPERTY_SEED: asked } = process.env;
const seed = asked ? Number(asked) : CI ? 20_261_125 : undefined;
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
