import { setTimeout as wait } from 'node:timers/promises'
import { median } from '../../statistics.ts'
import { atMost } from '../bars.ts'
import { putDocuments } from '../cluster/bench-indexes.ts'
import { searches } from '../contenders.ts'
import type { LoadRun } from '../load-run.ts'
import { mainDocuments, measuredIndex } from '../measured-index.ts'

const searchesPerSecond = 5
const p99OfIdleMax = 2
const secondsMax = 3_600
const msBetweenWrites = 3_000
/** However much else is being indexed. */
const writeMsMax = 2_000
const writtenIndex = 'load-written'

/**
 * Searches of one index, five a second, while nothing else happens and while a bulk of documents goes into another; meanwhile
 * a third is written to now and then, a document at a time.
 */
export async function measureWhileIndexing(run: LoadRun): Promise<void> {
  const { qnet } = await run.models()
  const bulk = mainDocuments(run)
  const searched = run.settings.documents.filter(count => count < bulk).at(-1) ?? bulk
  const contender = searches(run, await measuredIndex(run, qnet, searched), { plan: 'defaults', queries: 'new' })
  const loop = { kind: 'open', perSecond: searchesPerSecond } as const
  const [idle] = await run.compare('indexing', [contender], loop, { rounds: 1, seconds: run.settings.idleSeconds })

  // The index that later parts search, unless it was kept from another run.
  const isKept = await run.indexes.has(qnet.name, bulk)
  const name = isKept ? 'load-bulk' : run.indexes.nameOf(qnet.name, bulk)
  await run.indexes.create(name, qnet.name)
  await run.indexes.create(writtenIndex, qnet.name)
  let seconds = 0
  const indexing = run.indexes.load(name, bulk).then(indexed => {
    seconds = indexed.seconds
  })
  const writing = writeUntil(run, indexing)
  const target = `${contender.asked.target}, ${bulk} documents being indexed`
  const watched = { ...contender, asked: { ...contender.asked, target } }
  const [busy] = await run.compare('indexing', [watched], loop, { rounds: 1, seconds: secondsMax, until: indexing })
  await indexing
  const writes = await writing
  await run.untilQuiet()
  if (isKept) await run.indexes.drop(name)
  await run.indexes.drop(writtenIndex)

  const during = `while ${bulk} documents are indexed`
  run.figure(`documents indexed a second beside ${searchesPerSecond} searches a second`, bulk / seconds)
  run.bar(
    atMost(
      `searches at ${searchesPerSecond} a second ${during}: p99 / p99 of idle`,
      ratioOf(busy!.p99Ms, idle!.p99Ms),
      p99OfIdleMax,
    ),
  )
  run.bar(atMost(`searches at ${searchesPerSecond} a second ${during}: failed`, busy!.failed, 0))
  run.figure(`one document into another index ${during}: p50 until searchable, ms`, median(writes))
  run.bar(
    atMost(`one document into another index ${during}: slowest until searchable, ms`, Math.max(...writes), writeMsMax),
  )
}

/** Writes one document after the other until the work is done. @returns how long each took until it was searchable */
async function writeUntil(run: LoadRun, work: Promise<unknown>): Promise<number[]> {
  const over = new AbortController()
  const end = () => over.abort()
  work.then(end, end)
  const times: number[] = []
  for (let at = 0; !over.signal.aborted; at++) {
    const startMs = performance.now()
    await putDocuments(run.api, writtenIndex, [run.documents[at % run.documents.length]!])
    times.push(performance.now() - startMs)
    await wait(msBetweenWrites, undefined, { signal: over.signal }).catch(() => {})
  }
  return times
}

function ratioOf(value: number | null, base: number | null): number | null {
  return value === null || base === null ? null : value / base
}
