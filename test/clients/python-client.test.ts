import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { repositoryRoot } from '../tidy/source-files.ts'
import { hasPython, noPython, printedBy, runPython } from './run-python.ts'

describe('the Python client and a cluster', () => {
  let cluster: TestCluster
  let settings: NodeJS.ProcessEnv

  before(async function () {
    if (!hasPython()) {
      console.log(`  ${noPython}`)
      this.skip()
    }
    cluster = await startTestCluster({ shardServers: 1 })
    settings = { HYPERSHARD_URL: cluster.cluster.httpUrl }
  })

  after(() => cluster?.stop())

  it('passes its tests', async () => {
    assert.match(await runPython(['-m', 'pytest', '-q', 'tests/cluster'], { settings }), /^\d+ passed in /m)
  })

  it('does what its guide shows', async () => {
    const page = await readFile(join(repositoryRoot, 'docs/guides/clients.md'), 'utf8')
    const examples = [...page.matchAll(/```python\n(.*?)```\n\nIt prints:\n\n```\n(.*?)```/gs)]
    assert.equal(examples.length, page.match(/^```python$/gm)?.length)
    const directory = await mkdtemp(join(tmpdir(), 'hypershard-guide-'))
    try {
      const programs = examples.map(([, program]) => program!)
      const expected = examples.map(([, , printed]) => printed)
      assert.deepEqual(await printedBy(programs, { settings, directory }), expected)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
