import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { casesOf } from '@hypershard/harness'
import { type SimulationTally, simulate } from './simulate.ts'

/** More, from any seed on: SIMULATION_SEEDS=10000 SIMULATION_FROM=1 npm test -- test/simulation/simulation.test.ts */
const seeds = Number(process.env.SIMULATION_SEEDS ?? casesOf({ usual: 80, thorough: 400 }))
const bugSeeds = 1_000
/** A seed shortly before the first one, when this was written, that sees the bug: the search for one begins there. */
const bugs = [
  { bug: 'commit without compare-and-set', near: 250 },
  { bug: 'append without compare-and-set', near: 1 },
] as const
const from = Number(process.env.SIMULATION_FROM ?? 1)

describe('documents in a cluster whose processes fail, die and overtake each other', function () {
  this.timeout(Math.max(300_000, seeds * 400))
  let staging: string

  before(async () => {
    // Memory where there is some: a history stages a dozen segments.
    staging = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'hypershard-simulation-'))
  })

  after(() => rm(staging, { recursive: true, force: true }))

  it(`are never lost, doubled or brought back (${seeds} seeds)`, async () => {
    const sum: Record<keyof SimulationTally, number> = {
      writes: 0,
      repeated: 0,
      crashes: 0,
      failures: 0,
      generations: 0,
      steps: 0,
      collected: 0,
      snapshots: 0,
      restored: 0,
      clones: 0,
    }
    for (let seed = from; seed < from + seeds; seed++) {
      const tally = await named(seed, () => simulate(seed, { staging }))
      for (const [name, value] of Object.entries(tally)) sum[name as keyof SimulationTally] += value
    }
    // A simulation in which one of these hardly ever happens is blind.
    for (const [name, total] of Object.entries(sum)) assert.ok(total > seeds / 10, `${name}: ${total}`)
    assert.ok(sum.generations > seeds, `${sum.generations} generations`)
  })

  for (const { bug, near } of bugs) {
    it(`are lost by a cluster that would ${bug}, and the simulation sees it`, async () => {
      for (let seed = near; seed < near + bugSeeds; seed++) {
        const broken = await simulate(seed, { staging, bug }).then(
          () => false,
          () => true,
        )
        if (broken) return
      }
      assert.fail(`${bugSeeds} seeds did not find it`)
    })
  }
})

async function named<T>(seed: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new Error(`SIMULATION_FROM=${seed} SIMULATION_SEEDS=1: ${String(error)}`, { cause: error })
  }
}
