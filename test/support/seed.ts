// One seed for every property, so that a run today and a run tomorrow try the same cases. FAIRLEAD_SEED tries others.
import { configureGlobal } from 'fast-check'

configureGlobal({ seed: Number(process.env['FAIRLEAD_SEED'] ?? 20_261_123) })
