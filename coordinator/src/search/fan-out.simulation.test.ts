import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { type FanOutTally, simulateFanOut, type Weather } from '../testing/simulation/simulate-fan-out.ts'

/** More, from any seed on: SIMULATION_SEEDS=1000 SIMULATION_FROM=1 npm test -- coordinator/src/search/fan-out.simulation.test.ts */
const seeds = Number(process.env.SIMULATION_SEEDS ?? casesOf({ usual: 7, thorough: 80 }))
/** One of each theme; the usual run begins where these few notice the faults of fan-out-simulation-mutants.ts. */
const from = Number(process.env.SIMULATION_FROM ?? casesOf({ usual: 16, thorough: 1 }))

describe('a cluster whose servers die, hang, lie, come and go', function () {
  this.timeout(Math.max(120_000, seeds * 5_000))

  async function simulate(weather: Weather): Promise<FanOutTally> {
    const sum: FanOutTally = { whole: 0, partial: 0, failed: 0, cancelled: 0, hedges: 0 }
    for (let seed = from; seed < from + seeds; seed++) {
      const tally = await simulateFanOut(seed, weather)
      for (const [name, times] of Object.entries(tally)) sum[name as keyof FanOutTally] += times
    }
    if (process.env.SIMULATION_SEEDS !== undefined) console.log(`      ${JSON.stringify(sum)}`)
    return sum
  }

  it(`gives right answers or says what is missing, and serves every shard again (${seeds} seeds)`, async () => {
    const sum = await simulate('storm')
    // A simulation in which one of these hardly ever comes is blind.
    for (const name of ['whole', 'partial', 'failed', 'cancelled'] as const) assert.ok(sum[name] > seeds / 2, name)
  })

  it(`fails no search while one thing happens after the other and every shard has two holders (${seeds} seeds)`, async () => {
    const { whole, partial, failed } = await simulate('calm')
    assert.deepEqual([partial, failed, whole > 100 * seeds], [0, 0, true])
  })
})
