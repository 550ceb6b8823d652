import assert from 'node:assert/strict'
import type { Clock } from '@hypershard/common'
import { ServerState } from '../server-state.ts'
import { drainServer } from './drain-server.ts'

/** One that asks at its interval, and says what it says. */
interface Coordinator {
  readonly name: string
  readonly everyMs: number
  /** By the time; always when left out. */
  readonly asks?: (nowMs: number) => boolean
  readonly needs: (nowMs: number) => boolean
}

const drainMs = 60_000
const beganMs = 10_000

describe('a shard server that was told to stop', () => {
  let nowMs: number
  let state: ServerState
  let coordinators: Coordinator[]
  let told: Map<string, string>
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    pause: async ms => pass(ms),
  }

  beforeEach(() => {
    nowMs = 0
    coordinators = []
    told = new Map()
    state = newState()
  })

  function newState(): ServerState {
    const made = new ServerState({
      zone: '',
      memoryBytesMax: 100,
      backend: { kernel: 'none', device: 'none', deviceMemory: undefined },
      holder: { heldBytes: 10 },
      clock,
    })
    made.serve()
    return made
  }

  function pass(ms: number): void {
    const fromMs = nowMs
    nowMs += ms
    for (const coordinator of coordinators) {
      const isDue = Math.floor(nowMs / coordinator.everyMs) > Math.floor(fromMs / coordinator.everyMs)
      if (isDue && (coordinator.asks?.(nowMs) ?? true)) ask(coordinator)
    }
  }

  function ask({ name, needs }: Coordinator): void {
    const question = { coordinator: name, needed: needs(nowMs), toldDraining: told.get(name) ?? '' }
    const { life, draining } = state.describe(question)
    told.set(name, draining ? life : '')
  }

  /** Each is heard a while before the drain begins. */
  async function drain(...all: Coordinator[]) {
    coordinators = all
    while (nowMs < beganMs) pass(50)
    const end = await drainServer(state, drainMs, clock)
    return { end, tookMs: nowMs - beganMs }
  }

  const at = (ms: number) => (time: number) => time < beganMs + ms
  const never = () => false

  it('goes on until no coordinator needs it', async () => {
    const { end, tookMs } = await drain(
      { name: 'a', everyMs: 500, needs: at(3_000) },
      { name: 'b', everyMs: 500, needs: at(7_100) },
    )
    assert.equal(end, 'no coordinator needs it')
    assert.equal(tookMs, 7_500)
  })

  it('takes no word for it of a coordinator that did not know yet', async () => {
    // Its first question comes at 0 ms of the drain, still in ignorance; with the second it knows.
    const { end, tookMs } = await drain({ name: 'a', everyMs: 5_000, needs: never })
    assert.equal(end, 'no coordinator needs it')
    assert.equal(tookMs, 10_000)
  })

  it('takes no word for it that was meant for the process before', async () => {
    told.set('a', 'the life before')
    const draining = drainServer(state, drainMs, clock)
    ask({ name: 'a', everyMs: 500, needs: never })
    assert.deepEqual(state.coordinators(), { asking: 1, needing: 1 })
    ask({ name: 'a', everyMs: 500, needs: never })
    assert.equal(await draining, 'no coordinator needs it')
  })

  it('does not wait for a coordinator that has gone, and does for one that asks seldom', async () => {
    const gone = await drain({ name: 'a', everyMs: 500, needs: () => true, asks: at(0) })
    assert.equal(gone.end, 'no coordinator asks')
    assert.ok(gone.tookMs < 2_000, `${gone.tookMs}`)
    nowMs = 0
    state = newState()
    const seldom = await drain({ name: 'b', everyMs: 4_000, needs: at(20_000) })
    assert.deepEqual(seldom, { end: 'no coordinator needs it', tookMs: 22_000 })
  })

  it('ends at its deadline while a coordinator needs it still', async () => {
    const found = await drain({ name: 'a', everyMs: 500, needs: () => true })
    assert.deepEqual(found, { end: 'the time is up', tookMs: drainMs })
  })

  it('ends at once where nobody has asked for a while', async () => {
    assert.deepEqual(await drain(), { end: 'no coordinator asks', tookMs: 0 })
  })

  it('gives coordinators a moment to ask where it has just begun to serve', async () => {
    coordinators = [{ name: 'a', everyMs: 500, needs: at(0) }]
    nowMs = beganMs
    // What it did before it took calls was no silence.
    state.serve()
    assert.equal(await drainServer(state, drainMs, clock), 'no coordinator needs it')
  })

  it('waits for none that does not say who it is', async () => {
    const { end } = await drain({ name: '', everyMs: 500, needs: () => true })
    assert.equal(end, 'no coordinator asks')
  })

  it('does not take it back, and tells how many need it', async () => {
    coordinators = []
    for (const coordinator of ['a', 'b']) state.describe({ coordinator, needed: false, toldDraining: '' })
    const question = { coordinator: '', needed: false, toldDraining: '' }
    assert.equal(state.describe(question).neededBy, 0)
    state.stop()
    const { life, draining, neededBy } = state.describe(question)
    assert.deepEqual([draining, neededBy], [true, 2])
    assert.equal(state.describe({ coordinator: 'a', needed: false, toldDraining: life }).neededBy, 1)
    assert.throws(() => state.setDraining(false), { code: 'unavailable' })
  })

  it('asks anew when it is drained once more', () => {
    state.setDraining(true)
    const { life } = state.describe({ coordinator: 'a', needed: false, toldDraining: '' })
    state.describe({ coordinator: 'a', needed: false, toldDraining: life })
    assert.deepEqual(state.coordinators(), { asking: 1, needing: 0 })
    state.setDraining(false)
    state.setDraining(true)
    assert.deepEqual(state.coordinators(), { asking: 1, needing: 1 })
  })
})
