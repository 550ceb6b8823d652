import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../testing/run-command.ts'

describe('hypershard cert create', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypershard-cert-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('says which settings take which files', async () => {
    const words = ['cert', 'create', '--out', folder, '--processes', 'node-1,node-2']
    const { exitCode, stdout } = await runCommand(words)
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`HYPERSHARD_TLS_CERT=${folder}/node-1\\.pem`))
    assert.match(stdout, new RegExp(`HYPERSHARD_HTTP_TLS_KEY=${folder}/public-key\\.pem`))
    const pairs = ['ca', 'node-1', 'node-2', 'public'].flatMap(name => [`${name}-key.pem`, `${name}.pem`])
    assert.deepEqual(readdirSync(folder).sort(), pairs.sort())
    assert.match((await runCommand(words)).stdout, /^kept the CA/)
  })

  for (const name of ['../etc', 'ca', 'public', 'a b', 'x'.repeat(64)]) {
    it(`makes none for the name ${name.slice(0, 10)}`, async () => {
      const { exitCode, stderr } = await runCommand(['cert', 'create', '--out', folder, '--processes', name])
      assert.notEqual(exitCode, 0)
      assert.match(stderr, /--processes: .* cannot be a name/)
      assert.deepEqual(readdirSync(folder), [])
    })
  }
})
