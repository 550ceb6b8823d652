import assert from 'node:assert/strict'
import { Deadline, type HypershardError } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { WorkGate } from './work-gate.ts'

const soon = () => Deadline.after(60_000)
const isCode = (code: string) => (error: HypershardError) => error.code === code

describe('WorkGate', () => {
  it('refuses what would wait beyond the bound, at once', async () => {
    const gate = new WorkGate({ work: 'searches', inFlightMax: 1, waitingMax: 1 })
    const release = Promise.withResolvers<void>()
    const running = gate.run(soon(), () => release.promise)
    const waiting = gate.run(soon(), async () => 'done')
    await assert.rejects(
      gate.run(soon(), async () => 'never'),
      isCode('overloaded'),
    )
    release.resolve()
    assert.equal(await waiting, 'done')
    await running
  })

  it('gives up waiting at the deadline and at the caller going away', async () => {
    const gate = new WorkGate({ work: 'searches', inFlightMax: 1, waitingMax: 5 })
    const release = Promise.withResolvers<void>()
    const running = gate.run(soon(), () => release.promise)
    const gone = new AbortController()
    const late = gate.run(Deadline.after(5), async () => 'never')
    const left = gate.run(Deadline.after(60_000, { signal: gone.signal }), async () => 'never')
    gone.abort()
    await assert.rejects(left, isCode('cancelled'))
    await assert.rejects(late, isCode('deadline_exceeded'))
    release.resolve()
    await running
    assert.equal(await gate.run(soon(), async () => 'free again'), 'free again')
  })

  it('passes a place on that was given to a caller who left in the same moment', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const gate = new WorkGate({ work: 'searches', inFlightMax: 1, waitingMax: 5 })
      const release = Promise.withResolvers<void>()
      const gone = new AbortController()
      const running = gate.run(soon(), () => release.promise)
      const left = gate.run(Deadline.after(60_000, { signal: gone.signal }), async () => 'ran').catch(() => 'left')
      release.resolve()
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      gone.abort()
      await Promise.all([running, left])
      assert.equal(await gate.run(Deadline.after(60_000), async () => 'free'), 'free')
    }
  })

  it('never runs more than its bound and never loses a place', async () => {
    const work = fc.record({ turns: fc.nat(4), fails: fc.boolean(), goneAfter: fc.option(fc.nat(3)) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(work, { maxLength: 25 }),
        fc.integer({ min: 1, max: 3 }),
        async (works, inFlightMax) => {
          const gate = new WorkGate({ work: 'tasks', inFlightMax, waitingMax: 100 })
          let running = 0
          await Promise.allSettled(
            works.map(async ({ turns, fails, goneAfter }) => {
              const gone = new AbortController()
              if (goneAfter !== null) void pass(goneAfter).then(() => gone.abort())
              await gate.run(Deadline.after(60_000, { signal: gone.signal }), async () => {
                running++
                assert.ok(running <= inFlightMax)
                await pass(turns)
                running--
                if (fails) throw new Error('told to fail')
              })
            }),
          )
          assert.equal(running, 0)
          const all = Array.from({ length: inFlightMax }, () => gate.run(soon(), () => pass(1)))
          await Promise.all(all)
        },
      ),
      { numRuns: casesOf({ usual: 60, thorough: 600 }) },
    )
  })
})

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
}
