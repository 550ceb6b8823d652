import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { type Clock, Deadline, HypershardError } from '@hypershard/common'
import { captureLog, eventually } from '@hypershard/harness'
import type { PeerFacts } from './peer.ts'
import { PeerSet, type PeerSetOptions } from './peer-set.ts'
import type { MembershipSource, ServerEntry } from './ports.ts'
import { PublishedView } from './published-view.ts'

interface Model {
  readonly digest: string
}

const gone = (address: string) => new HypershardError('unavailable', `${address}: cannot connect`)

/** Time goes on when it is told to; what a pause woke has a few turns of the event loop before the next ends. */
class SteppedClock implements Clock {
  #nowMs = 0
  readonly #pauses = new Set<{ readonly endMs: number; readonly end: () => void }>()

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const pause = { endMs: this.#nowMs + ms, end: resolve }
      this.#pauses.add(pause)
      const cancel = () => {
        this.#pauses.delete(pause)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', cancel, { once: true })
      if (signal?.aborted) cancel()
    })
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      for (let turns = 0; turns < 10; turns++) await turn()
      const next = [...this.#pauses].sort((a, b) => a.endMs - b.endMs)[0]
      if (next === undefined || next.endMs > untilMs) break
      this.#pauses.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.endMs)
      next.end()
    }
    this.#nowMs = untilMs
  }
}

/** A server that answers with its address, unless it is told otherwise. */
class FakePeer {
  readonly address: string
  models = ['m']
  draining = false
  failure: HypershardError | undefined
  /** Fails calls alone. */
  callFailure: HypershardError | undefined
  /** It froze: it neither answers nor refuses. */
  frozen = false
  calls = 0
  closed = false
  answer = Promise.resolve()

  constructor(address: string) {
    this.address = address
  }

  async ask(deadline: Deadline): Promise<PeerFacts<Model>> {
    await this.#reach(deadline)
    if (this.failure !== undefined) throw this.failure
    return { models: this.models.map(digest => ({ digest })), draining: this.draining, protocolVersion: 2 }
  }

  async call(deadline: Deadline): Promise<string> {
    this.calls++
    await this.#reach(deadline)
    await this.answer
    const failure = this.failure ?? this.callFailure
    if (failure !== undefined) throw failure
    return this.address
  }

  async #reach(deadline: Deadline): Promise<void> {
    if (!this.frozen) return
    const end = (): HypershardError['code'] => (deadline.cancelled ? 'cancelled' : 'deadline_exceeded')
    const over = deadline.clock.pause!(deadline.remainingMs, deadline.signal).catch(() => undefined)
    await over
    throw new HypershardError(end(), `${this.address} does not answer`)
  }
}

describe('a set of servers that do the same', () => {
  let clock: SteppedClock
  let view: PublishedView
  let looks: number
  let isDown: (address: string) => boolean
  let fakes: Map<string, FakePeer>
  let set: PeerSet<FakePeer, Model>
  const captured = captureLog()

  beforeEach(() => {
    clock = new SteppedClock()
    view = new PublishedView()
    looks = 0
    fakes = new Map(['a:1', 'b:1', 'c:1'].map(address => [address, new FakePeer(address)]))
    captured.lines.splice(0)
  })

  afterEach(() => set.close())

  const entry = (address: string, weight = 1): ServerEntry => ({ address, weight, zone: '' })

  function membership(): MembershipSource {
    return {
      currentView: () => view.current,
      follow: listener => view.follow(listener),
      lookSoon: () => {
        looks++
      },
      askBeforeLeaving: ask => {
        isDown = ask
      },
      close: () => undefined,
    }
  }

  /** A set of these servers, each asked once. */
  async function open(
    entries: readonly ServerEntry[],
    options: Partial<PeerSetOptions<FakePeer, Model>> = {},
  ): Promise<void> {
    view.publish(entries)
    set = new PeerSet({
      membership: membership(),
      what: 'encoder service',
      connect: address => fakes.get(address)!,
      close: fake => {
        fake.closed = true
      },
      ask: (fake, deadline) => fake.ask(deadline),
      intervalMs: 500,
      log: captured.log,
      clock,
      random: () => 0,
      ...options,
    })
    await eventually(() => set.peers.every(peer => peer.live || fakes.get(peer.address)!.failure !== undefined))
  }

  const all = () => open([...fakes.keys()].map(address => entry(address)))
  const deadline = (ms = 10_000) => Deadline.after(ms, { clock })
  const work = { modelDigest: 'm', cost: 10 }
  const run = (given = work, until = deadline()) => set.run(given, (fake, at) => fake.call(at), until)
  /** A run that tries again pauses in between. */
  async function runInTime(given = work): Promise<string> {
    const running = run(given)
    running.catch(() => undefined)
    await clock.advance(4 * 20)
    return running
  }

  it('gives work to the one with the least for its weight', async () => {
    await open([entry('a:1'), entry('b:1', 3)])
    const hold = Promise.withResolvers<void>()
    for (const fake of fakes.values()) fake.answer = hold.promise
    const running = Array.from({ length: 8 }, () => run())
    assert.deepEqual([fakes.get('a:1')!.calls, fakes.get('b:1')!.calls], [2, 6])
    hold.resolve()
    await Promise.all(running)
    assert.deepEqual(
      set.peers.map(({ outstanding, calls }) => [outstanding, calls]),
      [
        [0, 0],
        [0, 0],
      ],
    )
  })

  it('gives it to those alone that have the model', async () => {
    fakes.get('a:1')!.models = ['other']
    await all()
    for (let at = 0; at < 4; at++) assert.notEqual(await run(), 'a:1')
    assert.equal(await run({ modelDigest: 'other', cost: 1 }), 'a:1')
    assert.deepEqual([set.countOf('m'), set.countOf('other'), set.countOf('none')], [2, 1, 1])
  })

  it('asks one for a model that none has, so that it says what it has', async () => {
    await all()
    for (const fake of fakes.values()) fake.callFailure = new HypershardError('model_not_found', 'has m')
    await assert.rejects(run({ modelDigest: 'none', cost: 1 }), { code: 'model_not_found', message: 'has m' })
    assert.deepEqual(
      [...fakes.values()].map(({ calls }) => calls),
      [1, 0, 0],
    )
  })

  for (const code of ['unavailable', 'overloaded', 'model_not_found', 'model_not_served'] as const) {
    it(`tries another one after ${code}, and never the same twice`, async () => {
      await all()
      fakes.get('a:1')!.callFailure = new HypershardError(code, 'not now')
      assert.equal(await runInTime(), 'b:1')
      for (const fake of fakes.values()) fake.callFailure = new HypershardError(code, 'not now')
      const before = [...fakes.values()].map(({ calls }) => calls)
      await assert.rejects(runInTime(), { code })
      const after = [...fakes.values()].map(({ calls }) => calls)
      assert.ok(after.every((calls, at) => calls <= before[at]! + 1))
      assert.ok(after[1]! > before[1]! && after[2]! > before[2]!)
    })
  }

  it('passes on what is no fault of a server, untried elsewhere', async () => {
    await all()
    for (const fake of fakes.values()) fake.callFailure = new HypershardError('invalid_request', 'bad text')
    await assert.rejects(run(), { code: 'invalid_request' })
    assert.equal(
      [...fakes.values()].reduce((sum, { calls }) => sum + calls, 0),
      1,
    )
  })

  it('tries nobody after the deadline', async () => {
    await all()
    fakes.get('a:1')!.callFailure = gone('a:1')
    await assert.rejects(
      set.run(work, (fake, at) => fake.call(at), deadline(0)),
      { code: 'unavailable' },
    )
    assert.equal(fakes.get('b:1')!.calls, 0)
  })

  it('takes back what it gave to one that froze, once checks find it down', async () => {
    await open([entry('a:1'), entry('b:1')])
    fakes.get('a:1')!.frozen = true
    const running = run()
    assert.equal(fakes.get('a:1')!.calls, 1)
    await clock.advance(4_000)
    assert.equal(await Promise.race([running, turn('still waiting')]), 'b:1')
    assert.equal(await run(), 'b:1')
    assert.ok(isDown('a:1') && !isDown('b:1'))
    fakes.get('a:1')!.frozen = false
    await clock.advance(2_000)
    assert.equal(await run(), 'a:1')
  })

  it('sends none to one that is draining, as long as there is another', async () => {
    fakes.get('a:1')!.draining = true
    await all()
    for (let at = 0; at < 4; at++) assert.notEqual(await run(), 'a:1')
    fakes.get('b:1')!.draining = true
    fakes.get('c:1')!.draining = true
    await clock.advance(500)
    assert.equal(await run(), 'a:1')
  })

  it('passes over one that fails calls although it answers checks, ever longer, and lets it back in', async () => {
    await open([entry('a:1'), entry('b:1')])
    fakes.get('a:1')!.callFailure = gone('a:1')
    for (let at = 0; at < 60; at++) {
      await runInTime()
      await clock.advance(420)
    }
    const tried = fakes.get('a:1')!.calls
    assert.ok(tried >= 4 && tried <= 9, `tried ${tried} times in 30 seconds`)
    fakes.get('a:1')!.callFailure = undefined
    await clock.advance(30_000)
    assert.equal(await run(), 'a:1')
    assert.equal(await run(), 'a:1')
  })

  it('still tries the only one there is while it is down, and has it back at once', async () => {
    fakes.get('a:1')!.failure = gone('a:1')
    await open([entry('a:1')])
    await assert.rejects(run(), { code: 'unavailable' })
    assert.ok(looks > 0)
    fakes.get('a:1')!.failure = undefined
    assert.equal(await run(), 'a:1')
    assert.ok(set.peers[0]!.live)
    const lines = captured.lines.map(({ msg, what }) => `${what} ${msg}`)
    assert.deepEqual(lines, [
      'encoder service a:1 away; the next line comes when it is back',
      'encoder service a:1 back',
    ])
  })

  it('follows the view: who comes is given work, who goes ends its calls first', async () => {
    await open([entry('a:1')])
    const hold = Promise.withResolvers<void>()
    fakes.get('a:1')!.answer = hold.promise
    const running = run()
    view.publish([entry('b:1')])
    await eventually(() => set.peers[0]!.live)
    assert.equal(await run(), 'b:1')
    assert.equal(fakes.get('a:1')!.closed, false)
    hold.resolve()
    assert.equal(await running, 'a:1')
    assert.equal(fakes.get('a:1')!.closed, true)
  })

  it('says that none is known while the view has none', async () => {
    await open([])
    await assert.rejects(run(), { code: 'unavailable', message: /no encoder service is known/ })
    await assert.rejects(set.listModels(deadline()), { code: 'unavailable' })
    assert.equal(looks, 2)
  })

  describe('the models of all', () => {
    const listed = async () => (await set.listModels(deadline())).map(({ digest }) => digest)

    it('are those of each that answers, the first of the first one before all', async () => {
      fakes.get('a:1')!.models = ['m', 'n']
      fakes.get('b:1')!.models = ['o', 'm']
      await all()
      assert.deepEqual(await listed(), ['m', 'n', 'o'])
      fakes.get('a:1')!.failure = gone('a:1')
      assert.deepEqual(await listed(), ['m', 'o'])
    })

    it('are missing when none answers', async () => {
      await all()
      for (const fake of fakes.values()) fake.failure = gone(fake.address)
      await assert.rejects(set.listModels(deadline()), { code: 'unavailable', message: /a:1/ })
    })

    it('do not wait for one that froze', async () => {
      await all()
      fakes.get('a:1')!.frozen = true
      const listing = listed()
      await clock.advance(1_000)
      assert.deepEqual(await listing, ['m'])
    })
  })
})
