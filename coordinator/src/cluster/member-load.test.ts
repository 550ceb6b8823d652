import assert from 'node:assert/strict'
import { MemberLoad } from './member-load.ts'

/** One that lives for long and has answered calls like this. */
function knownLoad({ serviceMs = 8, tookMs = 10, documents = 1_000, startMs = -60_000 } = {}): MemberLoad {
  const load = new MemberLoad()
  load.start(startMs)
  load.begin(documents, -tookMs).answered({ serviceMs }, 0)
  return load
}

describe('the load of a shard server', () => {
  it('expects of a call what the last ones took, by its documents', () => {
    const load = knownLoad({ serviceMs: 8, tookMs: 10 })
    assert.deepEqual([load.expectedMs(1_000, 0), load.expectedMs(500, 0)], [10, 6])
  })

  it('adds the square of the calls that are waiting: of two that is 4, less 1, times the service of one', () => {
    const load = knownLoad({ serviceMs: 8, tookMs: 10 })
    load.begin(1_000, 0)
    assert.equal(load.outstanding, 1)
    assert.equal(load.expectedMs(1_000, 0), 10 + 3 * 8)
  })

  it('counts work in documents: two halves of a call are as much as one', () => {
    const [halves, whole] = [knownLoad(), knownLoad()]
    halves.begin(500, 0)
    halves.begin(500, 0)
    whole.begin(1_000, 0)
    assert.equal(halves.expectedMs(1_000, 0), whole.expectedMs(1_000, 0))
  })

  it('smooths: the newest of its calls counts a tenth', () => {
    const load = knownLoad({ serviceMs: 0, tookMs: 10 })
    load.begin(1_000, 0).answered({ serviceMs: 0 }, 110)
    assert.ok(Math.abs(load.expectedMs(1_000, 110) - (10 + 0.1 * 100)) < 1e-9)
  })

  for (const [what, end] of [
    ['that fails at once', (load: MemberLoad) => load.begin(1_000, 0).failed(1)],
    ['that was cancelled after a long wait', (load: MemberLoad) => load.begin(1_000, 0).cancelled(1_000)],
    ['that has been under way for long', (load: MemberLoad) => load.begin(1_000, -1_000)],
  ] as const) {
    it(`takes one ${what} for slow`, () => {
      const load = knownLoad()
      end(load)
      assert.ok(load.usualMs(1_000, 1_000) > 90)
    })
  }

  it('learns nothing of a call that was cancelled before it could have answered', () => {
    const load = knownLoad()
    load.begin(1_000, 0).cancelled(5)
    assert.equal(load.expectedMs(1_000, 0), 10)
  })

  it('believes of what a server did no more than the time that passed', () => {
    for (const serviceMs of [1e9, Number.NaN, -5]) {
      const load = knownLoad({ serviceMs, tookMs: 10 })
      assert.ok(load.usualMs(1_000, 0) === 10, `${serviceMs}`)
    }
  })

  it('forgets half of what it holds against one that is not asked, in ten seconds', () => {
    assert.equal(knownLoad().expectedMs(1_000, 10_000), 5)
  })

  it('takes one that came to life for ten times as slow, and less from second to second', () => {
    const load = new MemberLoad()
    load.start(0)
    const others = knownLoad()
    const expected = [0, 500, 2_000, 5_000, 10_000, 20_000].map(ms => load.expectedMs(1_000, ms, others))
    const steady = [0, 500, 2_000, 5_000, 10_000, 20_000].map(ms => others.expectedMs(1_000, ms))
    const factors = expected.map((ms, at) => Math.round(ms / steady[at]!))
    assert.deepEqual(factors, [10, 10, 5, 2, 1, 1])
  })

  it('knows nothing any more of one that has come back', () => {
    const load = knownLoad()
    assert.equal(load.known, true)
    load.start(0)
    assert.equal(load.known, false)
  })
})
