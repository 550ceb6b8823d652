import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { HypershardError } from '@hypershard/common'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { widthOf } from '../terminal/fit-text.ts'
import { runCommand } from '../testing/run-command.ts'

const documents = [
  { _id: 'tides', title: 'Tides', text: 'the moon pulls at the sea' },
  { _id: 'stars', title: 'Stars', text: 'air bends light' },
  { _id: 'bread', title: 'Bread', text: 'yeast makes gas' },
]
const queries = { q1: 'moon sea', q2: 'air light', q3: 'yeast air', q4: 'not judged' }
/** The fake's hits by rank: q1 tides bread stars; q2 stars bread tides; q3 bread stars tides. */
const judgements =
  'query-id\tcorpus-id\tscore\nq1\ttides\t2\nq2\tbread\t1\nq3\tstars\t1\nq3\tmissing\t1\nq5\ttides\t1\n'
const lines = (rows: readonly object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')

describe('hypershard eval', () => {
  let server: TestServer
  let folder: string
  let url: string
  let searched: string[]
  let failing: (query: string) => HypershardError | undefined

  beforeEach(async () => {
    searched = []
    failing = () => undefined
    const onSearch = (query: string) => {
      searched.push(query)
      const failure = failing(query)
      if (failure !== undefined) throw failure
    }
    server = await serve(createFakeApi({ onSearch }))
    url = server.url
    folder = await mkdtemp(join(tmpdir(), 'hypershard-eval-'))
    await mkdir(join(folder, 'qrels'))
    await writeFile(at('corpus.jsonl'), lines(documents))
    await writeFile(at('queries.jsonl'), lines(Object.entries(queries).map(([_id, text]) => ({ _id, text }))))
    await writeFile(at('qrels/test.tsv'), judgements)
    await writeFile(at('other.trec'), 'q1 Q0 stars 1 2 x\nq1 Q0 tides 2 1 x\nq2 Q0 bread 1 1 x\nq9 Q0 bread 1 1 x\n')
    await run('index', 'create', 'papers')
    await run('documents', 'put', 'papers', at('corpus.jsonl'))
  })

  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  const at = (name: string) => join(folder, name)
  const run = (...words: string[]) => runCommand(['--url', url, ...words])
  const evaluate = (...words: string[]) => run('eval', 'papers', '--data', folder, ...words)
  const evaluateJson = async (...words: string[]) => JSON.parse((await evaluate(...words, '--json')).stdout)

  it('asks the judged queries, and tells the means and all that it counted', async () => {
    const { exitCode, stdout } = await evaluate('--limit', '3')
    assert.equal(exitCode, 0, stdout)
    assert.deepEqual(searched.sort(), ['air light', 'moon sea', 'yeast air'])
    assert.match(stdout, /^papers: 4 judged queries, up to 3 hits each, in /)
    // q1 1, q2 1/2, q3 1/2, q5 0.
    assert.match(stdout, /^MRR@3 +0\.5000 +0\.1250 to 0\.8750$/m)
    assert.match(stdout, /^Recall@3 +0\.6250 /m)
    assert.match(stdout, /^judged queries that the queries file lacks +1$/m)
    assert.match(stdout, /^the queries file lacks 1 of the judged queries; they count as 0$/m)
    assert.match(stdout, /^the corpus lacks 1 of the judged documents; no run can find them$/m)
    for (const line of stdout.split('\n')) assert.ok(widthOf(line) < 80, line)
  })

  it('tells the same as one JSON document', async () => {
    const { counts, metrics, queries: evaluated, comparison, manifest_versions } = await evaluateJson('--limit', '3')
    assert.deepEqual(counts, {
      queries_judged: 4,
      queries_without_relevant: 0,
      queries_without_hits: 1,
      queries_unknown: 1,
      queries_failed: 0,
      queries_truncated: 0,
      queries_with_unknown_tokens: 0,
      queries_not_judged: 1,
      run_queries_not_judged: 0,
      judgements: 5,
      documents_judged: 4,
      documents_unknown: 1,
      documents_in_corpus: 3,
      documents_in_index: 3,
      hits: 9,
    })
    assert.deepEqual([metrics[1].name, metrics[1].mean], ['MRR@3', 0.5])
    assert.deepEqual(metrics[1].interval, { low: 0.125, high: 0.875 })
    assert.deepEqual(evaluated[2].text, 'yeast air')
    assert.deepEqual(evaluated[2].values, {
      'nDCG@3': 1 / Math.log2(3) / (1 + 1 / Math.log2(3)),
      'MRR@3': 0.5,
      'MAP@3': 0.25,
      'Recall@3': 0.5,
    })
    assert.deepEqual([evaluated[3].text, comparison, manifest_versions], [null, null, [1]])
  })

  it('writes a run that is worth the same when it is judged alone', async () => {
    const asked = await evaluateJson('--run', at('own.trec'))
    assert.equal((await readFile(at('own.trec'), 'utf8')).split('\n').length, 10)
    const { stdout } = await run('eval', '--from-run', at('own.trec'), '--data', folder, '--json')
    const { metrics, queries: evaluated, index, from_run } = JSON.parse(stdout)
    const values = (list: { mean: number }[]) => list.map(({ mean }) => mean)
    assert.deepEqual(values(metrics), values(asked.metrics))
    assert.deepEqual(
      evaluated.map((query: { id: string }) => query.id),
      ['q1', 'q2', 'q3', 'q5'],
    )
    assert.deepEqual([index, from_run], [null, at('own.trec')])
  })

  it('compares with another run, by metric and by query', async () => {
    const { stdout } = await evaluate('--compare', at('other.trec'), '--metrics', 'MRR,Recall@1')
    assert.match(stdout, /^metric +this +other +change +relative +p +wins +ties +losses$/m)
    assert.match(stdout, /^MRR@100 +0\.5000 +0\.3750 +\+0\.1250 +\+33\.3 % +1\.0000 +2 +1 +1$/m)
    assert.match(stdout, /^wins by MRR@100 +this +other +change +query$/m)
    assert.match(stdout, /^q1 +1\.0000 +0\.5000 +\+0\.5000 +moon sea$/m)
    assert.match(stdout, /^q2 +0\.5000 +1\.0000 +-0\.5000 +air light$/m)
    assert.match(stdout, /^queries of the other run without judgements +1$/m)
    for (const line of stdout.split('\n')) assert.ok(widthOf(line) < 80, line)
  })

  it('gives all of a comparison as JSON and as TSV', async () => {
    const answer = await evaluateJson(
      ...['--compare', at('other.trec'), '--metrics', 'MRR', '--per-query', at('all.tsv'), '--seed', '7'],
    )
    const { other, seed, permutations, metrics } = answer.comparison
    assert.deepEqual({ other, seed, permutations }, { other: at('other.trec'), seed: 7, permutations: 100_000 })
    assert.equal(metrics[0].p_value, 1)
    assert.deepEqual(answer.queries[0].differences, { 'MRR@100': 0.5 })
    assert.deepEqual((await readFile(at('all.tsv'), 'utf8')).split('\n').slice(0, 3), [
      'query_id\tMRR@100\tMRR@100.other\tMRR@100.difference\ttext',
      'q1\t1\t0.5\t0.5\tmoon sea',
      'q2\t0.5\t1\t-0.5\tair light',
    ])
  })

  it('judges a run without a cluster and without queries', async () => {
    const words = ['eval', '--from-run', at('other.trec'), '--qrels', at('qrels/test.tsv'), '--metrics', 'map,MRR@1']
    const { exitCode, stdout } = await runCommand(['--url', 'http://127.0.0.1:9', ...words])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^MAP +0\.3750 /m)
    assert.match(stdout, /^MRR@1 +0\.2500 /m)
    assert.match(stdout, /^queries of the run without judgements +1$/m)
  })

  it('asks a query again that may succeed then', async () => {
    failing = query =>
      query === 'air light' && searched.filter(asked => asked === query).length === 1
        ? new HypershardError('overloaded', 'too much to do')
        : undefined
    assert.equal((await evaluateJson()).counts.queries_failed, 0)
    assert.equal(searched.length, 4)
  })

  it('fails with the query and what to do, and writes no answer', async () => {
    failing = query => (query === 'air light' ? new HypershardError('corrupt_data', 'a segment is torn') : undefined)
    const { exitCode, stdout, stderr } = await evaluate()
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.equal(
      stderr,
      'error: corrupt_data: query `q2`: a segment is torn; --allow-failures counts such queries as 0\n',
    )
  })

  it('counts failures as 0 where they are allowed, says so, and exits with 4', async () => {
    failing = query => (query === 'air light' ? new HypershardError('corrupt_data', 'a segment is torn') : undefined)
    const { exitCode, stdout } = await evaluate('--allow-failures', '--metrics', 'MRR')
    assert.equal(exitCode, 4)
    assert.match(stdout, /^MRR@100 +0\.3750 /m)
    assert.match(stdout, /^judged queries that failed +1$/m)
    assert.match(stdout, /^1 of 4 queries failed and count as 0: the means are too low$/m)
    assert.match(stdout, /^failed: query q2: corrupt_data: a segment is torn$/m)
  })

  it('cuts a query that is longer than the API takes, and counts it as any other that is truncated', async () => {
    const long = `moon ${'sea '.repeat(4_500)}`
    await writeFile(
      at('queries.jsonl'),
      lines(Object.entries({ ...queries, q1: long }).map(([_id, text]) => ({ _id, text }))),
    )
    const { exitCode, stdout, stderr } = await evaluate('--metrics', 'MRR')
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^MRR@100 +0\.5000 /m)
    assert.match(stdout, /^queries longer than the model reads +1$/m)
    const { counts } = await evaluateJson()
    assert.deepEqual([counts.queries_truncated, counts.queries_failed], [1, 0])
    assert.equal(Math.max(...searched.map(query => query.length)), 16_384)
  })

  it('counts a query that cannot be asked as 0 without being told to, and asks the others', async () => {
    await writeFile(
      at('queries.jsonl'),
      lines(Object.entries({ ...queries, q2: ' ' }).map(([_id, text]) => ({ _id, text }))),
    )
    const { exitCode, stdout } = await evaluate('--metrics', 'MRR')
    assert.equal(exitCode, 4)
    assert.match(stdout, /^MRR@100 +0\.3750 /m)
    assert.match(stdout, /^judged queries that failed +1$/m)
    assert.match(stdout, /^failed: query q2: invalid_request: body\.query: must not be blank$/m)
    const { failures, metrics } = await evaluateJson('--metrics', 'MRR')
    assert.deepEqual([failures[0].query, failures[0].code, metrics[0].mean], ['q2', 'invalid_request', 0.375])
  })

  it('skips comments and exact duplicates in every file, and says how many', async () => {
    const text = await readFile(at('qrels/test.tsv'), 'utf8')
    await writeFile(
      at('qrels/test.tsv'),
      `# Robust track 2004\r\n${text.replace(/\t1\n/, '\t1.0\n')}\n${text.split('\n')[1]}\n`,
    )
    await writeFile(at('queries.jsonl'), `\ufeff# of may\n${await readFile(at('queries.jsonl'), 'utf8')}`)
    const { exitCode, stdout, stderr } = await evaluate('--limit', '3')
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^MRR@3 +0\.5000 /m)
    const plain = stdout.replaceAll('\n', ' ')
    assert.match(plain, /test\.tsv: skipped 1 comment line, 1 blank line, 1 line that stands twice/)
    assert.match(plain, /test\.tsv: 1 grade with a point, as 1\.0, taken as whole numbers/)
    const { files } = await evaluateJson()
    assert.deepEqual(files, [
      {
        path: at('qrels/test.tsv'),
        comment_lines: 1,
        blank_lines: 1,
        duplicates: 1,
        grades_normalised: 1,
        grades_below_zero: 0,
      },
      {
        path: at('queries.jsonl'),
        comment_lines: 1,
        blank_lines: 0,
        duplicates: 0,
        grades_normalised: 0,
        grades_below_zero: 0,
      },
    ])
  })

  it('ends at a line that is no judgement with its number', async () => {
    await writeFile(at('x.qrels'), '# TREC\nq1 0 tides 1\nRobust track 2004 qrels\n')
    const { exitCode, stderr } = await run('eval', 'papers', '--queries', at('queries.jsonl'), '--qrels', at('x.qrels'))
    assert.equal(exitCode, 2)
    assert.match(stderr, /x\.qrels, line 3: the grade `qrels` is no whole number/)
  })

  it('reads a collection of which every file is packed', async () => {
    const plain = await evaluateJson('--limit', '3')
    for (const name of ['corpus.jsonl', 'queries.jsonl', 'qrels/test.tsv']) {
      await writeFile(at(`${name}.gz`), gzipSync(await readFile(at(name))))
      await rm(at(name))
    }
    const { metrics, counts } = await evaluateJson('--limit', '3')
    assert.deepEqual([metrics, counts], [plain.metrics, plain.counts])
  })

  it('shows how far it is on a terminal', async () => {
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
    await runCommand(['--url', url, 'eval', 'papers', '--data', folder], { surroundings: { stderr } })
    assert.match(String(stderr.read()), /^\revaluating {2}█+░+ +33\.3 % {2}1/)
  })

  it('finds an id that a run cannot hold at the first answer', async () => {
    await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], { stdin: '{"_id":"my notes","text":"moon"}\n' })
    const { exitCode, stderr } = await evaluate('--run', at('own.trec'), '--concurrency', '1')
    assert.equal(exitCode, 2)
    assert.match(stderr, /`my notes` has white space/)
    assert.equal(searched.length, 1)
  })

  it('says when the index is not of this corpus', async () => {
    await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], { stdin: '{"_id":"more","text":"moon"}\n' })
    assert.match((await evaluate()).stdout, /^the corpus has 3 documents and the index 4; is the index made of this/m)
  })

  for (const { title, words, exitCode, message } of [
    { title: 'no judgements', words: ['eval', 'papers'], exitCode: 2, message: /--qrels, or a collection with --data/ },
    { title: 'an unknown metric', words: ['--metrics', 'P@10'], exitCode: 2, message: /unknown metric `P@10`/ },
    { title: 'a depth of 0', words: ['--metrics', 'MRR@0'], exitCode: 2, message: /unknown metric `MRR@0`/ },
    { title: 'a split that is not there', words: ['--split', 'dev'], exitCode: 2, message: /cannot read .*dev\.tsv/ },
    { title: 'a run that is not there', words: ['--compare', 'none'], exitCode: 2, message: /cannot read none/ },
    { title: 'a run that cannot be written', words: ['--run', '.'], exitCode: 2, message: /cannot write \./ },
    { title: 'too many hits', words: ['--limit', '1001'], exitCode: 2, message: /1 to 1000/ },
  ]) {
    it(`exits with ${exitCode} for ${title}, before it asks`, async () => {
      const { exitCode: actual, stderr } = words[0] === 'eval' ? await run(...words) : await evaluate(...words)
      assert.equal(actual, exitCode)
      assert.match(stderr, message)
      assert.deepEqual(searched, [])
    })
  }

  it('refuses files that do not belong together', async () => {
    await writeFile(at('queries.jsonl'), '{"_id":"other-1","text":"x"}\n')
    const { exitCode, stderr } = await evaluate()
    assert.equal(exitCode, 2)
    assert.match(stderr, /has none of the queries that .* judges; do the files belong together\?/)
  })

  it('refuses an index that is not there or has nothing in it', async () => {
    assert.equal((await run('eval', 'none', '--data', folder)).exitCode, 1)
    await run('index', 'create', 'empty')
    assert.match((await run('eval', 'empty', '--data', folder)).stderr, /no documents to find/)
    assert.ok(!existsSync(at('own.trec')))
  })

  describe('with a path that cannot be used, before any query is asked', () => {
    const cases: [string, (folder: string) => string[], RegExp][] = [
      [
        'missing judgements',
        f => ['--queries', `${f}/queries.jsonl`, '--qrels', `${f}/no.tsv`],
        /cannot read \S+no\.tsv: there is nothing of that name; check it/,
      ],
      [
        'judgements that are a folder',
        f => ['--queries', `${f}/queries.jsonl`, '--qrels', `${f}/qrels`],
        /cannot read \S+qrels: it is a folder; name a file/,
      ],
      [
        'queries under a file',
        f => ['--qrels', `${f}/qrels/test.tsv`, '--queries', `${f}/corpus.jsonl/q`],
        /corpus\.jsonl\/q: a part of the path is a file/,
      ],
      [
        'a missing run to compare',
        f => ['--data', f, '--compare', `${f}/no.trec`],
        /cannot read \S+no\.trec: there is nothing of/,
      ],
      [
        'a run in a missing folder',
        f => ['--data', f, '--run', `${f}/no/a.trec`],
        /cannot write \S+a\.trec: its folder does not exist; make/,
      ],
      [
        'a run over a folder',
        f => ['--data', f, '--run', `${f}/qrels`],
        /cannot write \S+qrels: it is a folder; name a file in it/,
      ],
      [
        'a table over a folder',
        f => ['--data', f, '--per-query', `${f}/qrels`],
        /cannot write \S+qrels: it is a folder; name a file/,
      ],
      [
        'a table under a file',
        f => ['--data', f, '--per-query', `${f}/corpus.jsonl/a`],
        /cannot write \S+: a part of the path is a file/,
      ],
    ]
    for (const [what, words, problem] of cases) {
      it(`tells of ${what}`, async () => {
        const { exitCode, stderr } = await run('eval', 'papers', ...words(folder))
        assert.match(stderr.replaceAll('\n', ' '), problem)
        assert.match(stderr, /invalid_request/)
        assert.notEqual(exitCode, 0)
        assert.deepEqual(searched, [])
      })
    }

    const others: [string, (folder: string) => string[], RegExp][] = [
      [
        'documents that are missing',
        f => ['documents', 'put', 'papers', `${f}/no.jsonl`],
        /cannot read \S+no\.jsonl: there is nothing/,
      ],
      [
        'documents under a file',
        f => ['documents', 'put', 'papers', `${f}/corpus.jsonl/a`],
        /a part of the path is a file/,
      ],
      [
        'queries of a recall that are missing',
        f => ['recall', 'papers', '--queries', `${f}/no`],
        /cannot read \S+no: there is nothing/,
      ],
      [
        'queries of a recall that are a folder',
        f => ['recall', 'papers', '--queries', f],
        /cannot read \S+: it is a folder; name/,
      ],
    ]
    for (const [what, words, problem] of others) {
      it(`tells of ${what}`, async () => {
        const { exitCode, stderr } = await run(...words(folder))
        assert.match(stderr.replaceAll('\n', ' '), problem)
        assert.match(stderr, /invalid_request/)
        assert.notEqual(exitCode, 0)
      })
    }
  })
})
