import fc from 'fast-check';

/** Property tests draw the same cases in every run; `PROPERTY_SEED=7 npm test` draws others. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['PROPERTY_SEED'] ?? 1) });
