import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from '../tidy/source-files.ts'

describe('the runner of test files', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-runner-'))
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Runs files of these contents, in this order by one process, and gives what it wrote. */
  async function runFiles(...contents: string[]): Promise<{ status: number | null; lines: string[]; text: string }> {
    const files = contents.map((_, at) => join(directory, `${at}.test.ts`))
    for (const [at, file] of files.entries()) await writeFile(file, contents[at]!)
    const environment = { ...process.env, TEST_JOBS: '1' }
    const { status, stdout } = spawnSync(process.execPath, ['scripts/run-test-files.ts', ...files], {
      cwd: repositoryRoot,
      env: environment,
      encoding: 'utf8',
    })
    return { status, text: stdout, lines: stdout.trimEnd().split('\n') }
  }

  const passing = `describe('good', () => { it('passes', () => {}); it.skip('is skipped', () => {}) })`

  it('counts the tests of all files in its last line', async () => {
    const { status, lines, text } = await runFiles(passing, passing)
    assert.deepEqual([status, lines.at(-1)], [0, '2 passed, 0 failed, 2 skipped'], text)
  })

  it('shows what failed once more at the end, with its file', async () => {
    const { status, lines, text } = await runFiles(
      `describe('bad', () => { it('fails', () => { throw new Error('no luck') }) })`,
      passing,
    )
    assert.deepEqual([status, lines.at(-1)], [1, '1 passed, 1 failed, 1 skipped'])
    assert.match(text.slice(text.lastIndexOf('is skipped')), /0\.test\.ts\n[\s\S]*bad[\s\S]*fails:[\s\S]*no luck/)
  })

  const endings = [
    { title: 'is killed', body: `process.kill(process.pid, 'SIGKILL')`, told: /SIGKILL/ },
    { title: 'exits, as if all were well', body: 'process.exit(0)', told: /exit code 0/ },
  ]
  for (const { title, body, told } of endings) {
    it(`takes a process that ${title} for a failure of its file, and runs the next one in another`, async () => {
      const { status, lines, text } = await runFiles(
        `describe('last', () => { it('words', () => { console.log('seen last'); ${body} }) })`,
        passing,
      )
      assert.deepEqual([status, lines.at(-1)], [1, '1 passed, 1 failed, 1 skipped'], text)
      assert.match(text, told)
      assert.match(text, /its last words:[\s\S]*seen last/)
    })
  }

  it('takes a process that dies after a file for a failure of the next', async () => {
    const late = `it('leaves something undone', () => { setTimeout(() => process.exit(7), 50) })`
    const slow = `it('takes its time', () => new Promise(resolve => setTimeout(resolve, 60_000)))`
    const { status, lines, text } = await runFiles(late, slow, passing)
    assert.deepEqual([status, lines.at(-1)], [1, '2 passed, 1 failed, 1 skipped'], text)
    assert.match(text, /1\.test\.ts\n.*the process ended \(exit code 7\)/)
  })

  it('fails for a file that cannot be loaded, and for none', async () => {
    const unloadable = await runFiles(`import './nothing.ts'`, passing)
    assert.deepEqual([unloadable.status, unloadable.lines.at(-1)], [1, '1 passed, 1 failed, 1 skipped'])
    assert.match(unloadable.text, /0\.test\.ts\n {2}it could not be loaded:[\s\S]*nothing\.ts/)
    const empty = await runFiles('')
    assert.deepEqual([empty.status, empty.lines.at(-1)], [1, '0 passed, 0 failed'])
  })
})
