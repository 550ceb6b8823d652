/** A query's way through the chunks of its segments, a chunk at each turn; in between deadlines and cancellations are looked at. */
import { type DeviceWeights, type QNetArchitecture, withDeviceErrors } from '@hypershard/qnet'
import { QueryTurns, type QueryTurnsOptions } from '../cpu/query-turns.ts'
import type { SegmentToScan } from '../ports.ts'
import type { ChunkWish, DeviceSegment } from './device-segment.ts'
import type { DeviceAnswer, RankedChunk } from './messages.ts'

/** What a query's turn works on. */
export interface ChunkToRank {
  readonly segment: Pick<DeviceSegment, 'isOpen' | 'open' | 'rank'>
  /** The segment's in the task. */
  readonly place: number
  readonly chunk: number
  readonly excluded: SegmentToScan['excluded']
}

export interface RankOptions extends QueryTurnsOptions, Omit<ChunkWish, 'excluded'> {
  readonly architecture: QNetArchitecture
  /** What a segment of the task is ranked by. */
  readonly by: (place: number) => DeviceWeights | Float32Array
}

/** What was ranked in time. @throws HypershardError `unavailable` when the device fails */
export async function rankChunks(
  wanted: Iterable<ChunkToRank>,
  { architecture, by, count, ceiling, ...turning }: RankOptions,
): Promise<DeviceAnswer> {
  const arrivedMs = turning.monotonicMs()
  let queueMs: number | undefined
  const turns = new QueryTurns(turning)
  const chunks: RankedChunk[] = []
  const ranking = (stop: 'cancelled' | 'deadline' | undefined): DeviceAnswer => {
    return { result: { type: 'rank', ranking: { chunks, stop, tooLarge: false } }, queueMs, workMs: turns.workMs }
  }
  for (const { segment, place, chunk, excluded } of wanted) {
    // A turn of its own: it takes longer than ranking, and the time of the last turn is what the next is expected to take.
    if (!segment.isOpen(chunk, architecture)) {
      const opening = new QueryTurns(turning)
      const stop = await opening.take(() => withDeviceErrors(() => segment.open(chunk, architecture)))
      if (stop !== undefined) return ranking(stop)
    }
    const stop = await turns.take(async () => {
      queueMs ??= turning.monotonicMs() - arrivedMs
      // Another architecture may have taken its place since.
      const ranked = await withDeviceErrors(async () => {
        await segment.open(chunk, architecture)
        return segment.rank(chunk, by(place), { excluded, count, ceiling })
      })
      chunks.push({ segment: place, ...ranked })
    })
    if (stop !== undefined) return ranking(stop)
  }
  return ranking(undefined)
}
