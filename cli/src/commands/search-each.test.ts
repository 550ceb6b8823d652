import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

describe('search --queries', () => {
  let server: TestServer
  let folder: string
  let path: string

  beforeEach(async () => {
    server = await serve(createFakeApi())
    folder = await mkdtemp(join(tmpdir(), 'hypershard-cli-'))
    path = join(folder, 'queries.tsv')
    await writeFile(path, Array.from({ length: 70 }, (_, at) => `q${at}\ttides ${at}\n`).join(''))
    await run('index', 'create', 'papers')
    const document = JSON.stringify({ id: 'tides', title: 'Tides', text: 'The moon pulls at the sea.' })
    await runCommand(['--url', server.url, 'documents', 'put', 'papers', '-'], { stdin: `${document}\n` })
  })

  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  const run = (...words: string[]) => runCommand(['--url', server.url, ...words])

  it('searches with each query of a file, in more batches than one', async () => {
    const { outcomes } = JSON.parse((await run('search', 'papers', '--queries', path, '-k', '1', '--json')).stdout)
    assert.deepEqual([outcomes.length, outcomes[69].id, outcomes[69].status], [70, 'q69', 200])
    assert.equal(outcomes[69].answer.hits[0].id, 'tides')
    assert.match((await run('search', 'papers', '--queries', path)).stdout, /^q69 tides 69$/m)
  })

  it('needs either words or a file, not both', async () => {
    assert.equal((await run('search', 'papers', 'tides', '--queries', path)).exitCode, 2)
    assert.equal((await run('search', 'papers')).exitCode, 2)
  })
})
