import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../testing/run-command.ts'

const queries = 'moon\twhy the moon\nsea\twhy the sea\nbread\twhy bread\n'
const judgements = 'moon 0 craters 2\nmoon 0 tides 1\nsea 0 tides 3\nbread 0 yeast 1\n'

describe('hypershard compose', () => {
  let folder: string
  const at = (name: string) => join(folder, name)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-compose-'))
    await writeFile(at('queries.tsv'), queries)
    await writeFile(at('judged.qrels'), judgements)
  })

  afterEach(() => rm(folder, { recursive: true }))

  const compose = (...words: string[]) =>
    runCommand(['compose', at('out'), '--queries', at('queries.tsv'), '--qrels', at('judged.qrels'), ...words])
  const written = async () =>
    (await readFile(at('out/queries.jsonl'), 'utf8'))
      .split('\n')
      .flatMap(line => (line === '' ? [] : [JSON.parse(line)]))

  for (const { kind, query, qrels } of [
    { kind: 'any', query: { any: ['why the sea', 'why bread'] }, qrels: ['any-1\ttides\t3', 'any-1\tyeast\t1'] },
    { kind: 'all', query: { all: ['why the sea', 'why the moon'] }, qrels: ['all-1\ttides\t1'] },
    { kind: 'not', query: { all: ['why the moon', { not: 'why the sea' }] }, qrels: ['not-1\tcraters\t2'] },
  ]) {
    it(`writes queries and judgements of --${kind}`, async () => {
      const { exitCode, stdout, stderr } = await compose(`--${kind}`, '2', '--seed', '7')
      assert.equal(exitCode, 0, stderr)
      assert.match(stdout, /composed quer(y|ies) of \d in /)
      const sorted = (of: object) =>
        JSON.stringify(kind === 'not' ? of : Object.values(of).map(pieces => pieces.toSorted()))
      const made = (await written()).find(line => sorted(line.query) === sorted(query))
      assert.ok(made, 'the one that is expected is among them')
      const lines = (await readFile(at('out/qrels/test.tsv'), 'utf8')).trim().split('\n')
      assert.equal(lines[0], 'query-id\tcorpus-id\tscore')
      const ofMade = lines.filter(line => line.startsWith(`${made._id}\t`)).map(line => line.slice(line.indexOf('\t')))
      assert.deepEqual(ofMade.sort(), qrels.map(line => line.slice(line.indexOf('\t'))).sort())
    })
  }

  it('says what each is made of, and that the judgements gave no more', async () => {
    const { stdout } = await compose('--any', '2', '--count', '9')
    assert.match(stdout, /^2 composed queries of 3 in .*\nthe judgements gave no more; 9 were wanted\n$/)
    const pieces = (await written()).map(({ made_of: of }) => of.toSorted().join('+'))
    assert.deepEqual(pieces.sort(), ['bread+moon', 'bread+sea'])
    const { stdout: json } = await compose('--any', '2', '--count', '9', '--json')
    const { queries: made, queries_wanted: wanted, made_of: of, kind } = JSON.parse(json)
    assert.deepEqual([made, wanted, of, kind], [2, 9, 3, 'any'])
  })

  for (const { words, message } of [
    { words: [], message: /one of --any, --all and --not/ },
    { words: ['--any', '2', '--all', '2'], message: /one of --any, --all and --not/ },
    { words: ['--any', '1'], message: /whole number from 2 to 16/ },
    { words: ['--any', '2', '--data', 'x'], message: /--data has queries and judgements/ },
    { words: ['--any', '2', '--split', 'x'], message: /--split belongs to --data/ },
    { words: ['--all', '3'], message: /no document is relevant to as many as 3 queries/ },
  ]) {
    it(`is refused for ${words.join(' ') || 'nothing'}`, async () => {
      const { exitCode, stderr } = await compose(...words)
      assert.notEqual(exitCode, 0)
      assert.match(stderr, message)
    })
  }
})
