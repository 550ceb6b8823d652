import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import type { HypershardError } from '../errors/hypershard-error.ts'
import { Deadline } from '../time/deadline.ts'
import { WorkGate } from './work-gate.ts'

const soon = () => Deadline.after(60_000)
/** Of work that must not wait: what is refused at once does not come to ask for the time. */
const noTime = () => Deadline.after(0)
const isCode = (code: string) => (error: HypershardError) => error.code === code
const never = async () => assert.fail('it must not run')

function gateOf(inFlightMax: number, waitingMax: number): WorkGate {
  return new WorkGate({ work: 'searches', where: 'in this test', inFlightMax, waitingMax })
}

/** Work that runs until it is told to end. */
function work() {
  const end = Promise.withResolvers<string>()
  return { run: () => end.promise, end: end.resolve, fail: end.reject }
}

describe('WorkGate', () => {
  it('refuses what would wait beyond the bound, at once, and says how much there is', async () => {
    const gate = gateOf(1, 1)
    const first = work()
    const running = gate.run(soon(), first.run)
    const waiting = gate.run(soon(), async () => 'done')
    await assert.rejects(gate.run(noTime(), never), {
      code: 'overloaded',
      message: '1 searches run and 1 wait in this test; try again in a moment',
      details: { cost: 1, inFlight: 1, inFlightMax: 1, waiting: 1, waitingMax: 1 },
    })
    first.end('first')
    assert.deepEqual(await Promise.all([running, waiting]), ['first', 'done'])
    assert.deepEqual([gate.inFlight, gate.waiting], [0, 0])
  })

  it('gives up waiting at the deadline and at the caller going away', async () => {
    const gate = gateOf(1, 5)
    const first = work()
    const running = gate.run(soon(), first.run)
    const gone = new AbortController()
    const late = gate.run(Deadline.after(5), never)
    const left = gate.run(Deadline.after(60_000, { signal: gone.signal }), never)
    gone.abort()
    await assert.rejects(left, isCode('cancelled'))
    await assert.rejects(late, isCode('deadline_exceeded'))
    assert.equal(gate.waiting, 0)
    first.end('first')
    await running
    assert.equal(await gate.run(soon(), async () => 'free again'), 'free again')
  })

  it('passes room on that was given to a caller who left in the same moment', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const gate = gateOf(1, 5)
      const first = work()
      const gone = new AbortController()
      const running = gate.run(soon(), first.run)
      const left = gate.run(Deadline.after(60_000, { signal: gone.signal }), async () => 'ran').catch(() => 'left')
      first.end('first')
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      gone.abort()
      await Promise.all([running, left])
      assert.equal(gate.inFlight, 0)
      assert.equal(await gate.run(soon(), async () => 'free'), 'free')
    }
  })

  it('counts what work costs, and gives the cost of failed work back', async () => {
    const gate = new WorkGate({
      work: 'queries',
      where: 'in this test',
      unit: 'queue tokens',
      inFlightMax: 10,
      waitingMax: 0,
    })
    const first = work()
    const running = gate.run(soon(), first.run, 8)
    await assert.rejects(gate.run(noTime(), never, 3), {
      code: 'overloaded',
      message: 'queries in this test: 8 of 10 queue tokens are taken; try again in a moment',
    })
    assert.equal(await gate.run(soon(), async () => 'beside', 2), 'beside')
    first.fail(new Error('broken'))
    await assert.rejects(running, /broken/)
    assert.equal(await gate.run(soon(), async () => 'whole', 10), 'whole')
  })

  it('says of work that can never fit that it is too large, not that it should be tried again', async () => {
    const gate = new WorkGate({
      work: 'documents',
      where: 'in this test',
      unit: 'queue tokens',
      inFlightMax: 10,
      waitingMax: 100,
    })
    await assert.rejects(gate.run(noTime(), never, 11), {
      code: 'request_too_large',
      message: 'documents in this test: up to 11 queue tokens in one request, over all 10; send fewer at once',
    })
  })

  it('lets nothing small pass what waits for more room', async () => {
    const gate = gateOf(10, 20)
    const [first, large, small] = [work(), work(), work()]
    const running = gate.run(soon(), first.run, 6)
    const gone = new AbortController()
    const waiting = gate.run(Deadline.after(60_000, { signal: gone.signal }), large.run, 8)
    const behind = gate.run(soon(), small.run, 1)
    assert.deepEqual([gate.inFlight, gate.waiting], [6, 9])
    // Who was in the way leaves: what stands behind has its turn without anything ending.
    gone.abort()
    await assert.rejects(waiting, isCode('cancelled'))
    assert.deepEqual([gate.inFlight, gate.waiting], [7, 0])
    first.end('first')
    small.end('small')
    assert.deepEqual(await Promise.all([running, behind]), ['first', 'small'])
  })

  it('lets in, keeps waiting and refuses as a list of who came when would', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        fc.array(step, { maxLength: 40 }),
        agreesWithOracle,
      ),
      { numRuns: casesOf({ usual: 100, thorough: 2_000 }) },
    )
  })
})

/** What happens at the gate; `which` counts among those who have not left. */
type Step =
  | { readonly kind: 'come'; readonly cost: number }
  | { readonly kind: 'end' | 'fail' | 'leave'; readonly which: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('come' as const), cost: fc.nat(7) }) },
  fc.record({ kind: fc.constantFrom('end' as const, 'fail' as const, 'leave' as const), which: fc.nat(20) }),
)

interface Comer {
  readonly cost: number
  readonly gone: AbortController
  readonly work: ReturnType<typeof work>
  /** What the gate did with it. */
  state: 'waits' | 'runs' | 'over' | 'overloaded' | 'request_too_large' | 'cancelled'
}

async function agreesWithOracle(inFlightMax: number, waitingMax: number, steps: readonly Step[]): Promise<void> {
  const gate = gateOf(inFlightMax, waitingMax)
  const comers: Comer[] = []
  const oracle = new ListOfComers(inFlightMax, waitingMax)
  try {
    for (const happening of steps) {
      if (happening.kind === 'come') {
        comers.push(come(gate, happening.cost))
        oracle.come(happening.cost)
      } else {
        const place = oracle.pick(happening.which)
        if (place === undefined) continue
        const { gone, work } = comers[place]!
        // Who waits has no work yet that could end.
        if (happening.kind === 'leave') gone.abort()
        else if (oracle.comers[place]!.state === 'runs' && happening.kind === 'end') work.end('')
        else if (oracle.comers[place]!.state === 'runs') work.fail(new Error('told to fail'))
        oracle.happens(happening.kind, place)
      }
      await new Promise(resolve => setImmediate(resolve))
      const found = comers.map(({ cost, state }) => ({ cost, state }))
      assert.deepEqual(found, oracle.comers)
      assert.deepEqual([gate.inFlight, gate.waiting], [oracle.sumOf('runs'), oracle.sumOf('waits')])
    }
  } finally {
    for (const { gone, work } of comers) {
      gone.abort()
      work.end('')
    }
  }
}

/** The gate as one would do it by hand: everyone who ever came, in order, with what became of them. */
class ListOfComers {
  readonly comers: Pick<Comer, 'cost' | 'state'>[] = []
  readonly #inFlightMax: number
  readonly #waitingMax: number

  constructor(inFlightMax: number, waitingMax: number) {
    this.#inFlightMax = inFlightMax
    this.#waitingMax = waitingMax
  }

  sumOf(state: Comer['state']): number {
    return this.comers.filter(one => one.state === state).reduce((sum, { cost }) => sum + cost, 0)
  }

  come(cost: number): void {
    const mayRun = this.comers.every(({ state }) => state !== 'waits') && this.sumOf('runs') + cost <= this.#inFlightMax
    const otherwise = this.sumOf('waits') + cost <= this.#waitingMax ? 'waits' : 'overloaded'
    this.comers.push({ cost, state: cost > this.#inFlightMax ? 'request_too_large' : mayRun ? 'runs' : otherwise })
  }

  /** One of those who wait or run. */
  pick(which: number): number | undefined {
    const there = this.comers.flatMap(({ state }, place) => (state === 'waits' || state === 'runs' ? [place] : []))
    return there[which % there.length]
  }

  /** Who runs is not ended by leaving. */
  happens(what: 'end' | 'fail' | 'leave', place: number): void {
    const one = this.comers[place]!
    if (what === 'leave' && one.state === 'waits') one.state = 'cancelled'
    else if (what !== 'leave' && one.state === 'runs') one.state = 'over'
    for (const next of this.comers.filter(({ state }) => state === 'waits')) {
      if (this.sumOf('runs') + next.cost > this.#inFlightMax) return
      next.state = 'runs'
    }
  }
}

function come(gate: WorkGate, cost: number): Comer {
  const comer: Comer = { cost, gone: new AbortController(), work: work(), state: 'waits' }
  const ran = () => {
    comer.state = 'runs'
    return comer.work.run()
  }
  gate.run(Deadline.after(60_000, { signal: comer.gone.signal }), ran, cost).then(
    () => {
      comer.state = 'over'
    },
    error => {
      comer.state = error.code ?? 'over'
    },
  )
  return comer
}
