import assert from 'node:assert/strict'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { TurnQueue } from '../cpu/turn-queue.ts'
import { type ChunkToRank, rankChunks } from './rank-chunks.ts'

const architecture = publishedArchitecture(8, 1)
const nothing = { vectors: new Int32Array(0), scores: new Float32Array(0), left: Number.NEGATIVE_INFINITY, eligible: 1 }

describe('rankChunks', () => {
  let nowMs = 0
  let opened: Set<number>

  beforeEach(() => {
    nowMs = 0
    opened = new Set()
  })

  /** Six chunks that take so long each, on a clock that only they move. */
  function rank(
    openMs: number,
    rankMs: number,
    stopBefore: (expectedMs: number) => 'deadline' | 'cancelled' | undefined,
  ) {
    const segment: ChunkToRank['segment'] = {
      isOpen: chunk => opened.has(chunk),
      open: async chunk => {
        if (!opened.has(chunk)) nowMs += openMs
        opened.add(chunk)
      },
      rank: async () => {
        nowMs += rankMs
        return nothing
      },
    }
    const chunks = Array.from({ length: 6 }, (_, chunk) => ({ segment, place: 0, chunk, excluded: undefined }))
    return rankChunks(chunks, {
      architecture,
      by: () => new Float32Array(0),
      count: 1,
      ceiling: 1,
      queue: new TurnQueue(),
      stopBefore,
      monotonicMs: () => nowMs,
    })
  }

  async function ranked(answer: ReturnType<typeof rank>) {
    const { result, workMs } = await answer
    assert(result.type === 'rank')
    return { chunks: result.ranking.chunks.length, stop: result.ranking.stop, workMs }
  }

  const endsAt = (endMs: number) => (expectedMs: number) =>
    nowMs + expectedMs > endMs ? ('deadline' as const) : undefined

  it('looks at the deadline between chunks: it begins none that would end too late', async () => {
    for (let chunk = 0; chunk < 6; chunk++) opened.add(chunk)
    assert.deepEqual(await ranked(rank(0, 10, endsAt(35))), { chunks: 3, stop: 'deadline', workMs: 30 })
    nowMs = 0
    assert.deepEqual(await ranked(rank(0, 10, endsAt(60))), { chunks: 6, stop: undefined, workMs: 60 })
  })

  it('looks at it after a chunk was brought to the device, too, and does not take that for what the next one takes', async () => {
    assert.deepEqual(await ranked(rank(100, 10, endsAt(90))), { chunks: 0, stop: 'deadline', workMs: 0 })
    assert.deepEqual([...opened], [0])
    nowMs = 0
    assert.deepEqual(await ranked(rank(20, 10, endsAt(55))), { chunks: 2, stop: 'deadline', workMs: 20 })
  })

  it('ends between chunks when the caller has gone', async () => {
    const stopBefore = () => (nowMs >= 20 ? ('cancelled' as const) : undefined)
    assert.deepEqual(await ranked(rank(0, 10, stopBefore)), { chunks: 2, stop: 'cancelled', workMs: 20 })
  })
})
