import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bar } from '../bars.ts'
import type { Contender, LoadRun } from '../load-run.ts'
import type { Measurement } from '../measure/measurement.ts'
import type { SearchLibrary, TextService } from '../peers/text-service.ts'
import { measureServices } from './services.ts'

/** Answers a second, of ours by model and of each service. */
const rates = { dense: 200, qnet: 80, usearch: 100, faiss: 400 }

function rowOf({ asked }: Contender, part: string, clients: number): Measurement {
  const name = Object.keys(rates).find(own => asked.target.includes(own)) as keyof typeof rates
  const qps = rates[name]
  const row = { ...asked, part, clients, perSecond: null, qps, qpsOfRounds: [qps, qps], p50Ms: 1_000 / qps, failed: 0 }
  return {
    ...row,
    p50MsOfRounds: [1_000 / qps],
    p99Ms: 1,
    cpuMs: { all: { main: 1, threads: 1 } },
  } as unknown as Measurement
}

describe('the part of the load bench beside services', () => {
  let directory: string

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-services-'))
    await writeFile(join(directory, 'model.json'), JSON.stringify({ name: 'dense' }))
  })

  after(() => rm(directory, { recursive: true }))

  it('judges ours by the best service, says which it could not start, and stops those that it started', async () => {
    const bars: Bar[] = []
    const figures: string[] = []
    const skipped: string[] = []
    const running = new Set<SearchLibrary>()
    const asked: { library: SearchLibrary; directory: string; documents: number }[] = []
    const model = (name: string) => ({ name, digest: name, qnet: { vector_dimensions: [2, 1] } })
    const run = {
      settings: { documents: [3], modelDirectories: [directory] },
      repeated: ['stars'],
      httpUrl: 'http://127.0.0.1:1',
      processes: [],
      indexes: { ensure: async (name: string) => name },
      models: async () => ({ qnet: model('qnet'), dense: model('dense') }),
      untilQuiet: async () => 0,
      warmUp: async () => undefined,
      compare: async (part: string, contenders: readonly Contender[], loop: { clients: number }) => {
        assert.equal(running.size, 1, 'one service runs at a time')
        return contenders.map(contender => rowOf(contender, part, loop.clients))
      },
      orSkipped: (what: string, work: () => Promise<unknown>) =>
        work().catch(() => {
          skipped.push(what)
          return undefined
        }),
      figure: (name: string) => figures.push(name),
      bar: (bar: Bar) => bars.push(bar),
    } as unknown as LoadRun
    const start: Parameters<typeof measureServices>[1] = async (library, { modelDirectory, documents }) => {
      if (library === 'chroma') throw new Error('no PyPI here')
      asked.push({ library, directory: modelDirectory, documents: documents.length })
      running.add(library)
      const stop = async () => void running.delete(library)
      const to = { kind: 'http', origin: 'http://127.0.0.1:2', path: '/search' } as const
      return { to, processes: [], stop, width: 16, recall: 0.99 } satisfies TextService
    }
    const document = { id: 'a', title: '', text: 'stars', vector: new Float32Array(2) }
    await measureServices(run, start, async () => [document, document, document] as never)

    assert.equal(running.size, 0)
    assert.deepEqual(asked, [
      { library: 'usearch', directory, documents: 3 },
      { library: 'faiss', directory, documents: 3 },
    ])
    assert.equal(skipped.length, 1)
    assert.match(skipped[0]!, /chroma/)
    const told = bars.filter(({ name }) => name.includes('QPS')).map(({ value, met }) => [value, met])
    // One client and eight of either service, then the q-net beside the best of them.
    assert.deepEqual(told, [
      [2, true],
      [2, true],
      [0.5, false],
      [0.5, false],
      [0.2, false],
      [0.2, false],
    ])
    assert.equal(figures.filter(name => name.includes('recall')).length, 2)
  })
})
