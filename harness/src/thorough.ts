/**
 * How many random cases a test draws: of a property, seeds of a simulation, rounds of faults. `npm test` takes the
 * first number, `npm run test:thorough` (TEST_THOROUGH=1) the second. A test has no other knob of how hard it looks;
 * those that replay a failure (SIMULATION_SEEDS, FAULT_ROUNDS) go before it.
 *
 * ```ts
 * fc.assert(property, { numRuns: casesOf({ usual: 50, thorough: 500 }) })
 * ```
 */
export function casesOf({ usual, thorough }: { usual: number; thorough: number }): number {
  return isThorough() ? thorough : usual
}

/** Whether this is the thorough run, for the rare test that has cases to leave out rather than to count. */
export function isThorough(): boolean {
  return (process.env.TEST_THOROUGH ?? '0') !== '0'
}
