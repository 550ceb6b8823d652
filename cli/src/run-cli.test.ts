import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { widthOf } from './terminal/fit-text.ts'
import { runCommand } from './testing/run-command.ts'

const documents = [
  { id: 'tides', title: 'Tides', text: 'The moon and the sun pull at the sea, twice a day. '.repeat(8) },
  { id: 'stars', title: 'Why stars twinkle 為什麼星星會閃爍 '.repeat(6), text: 'Air bends the light.\u001b[2J' },
]
const corpus = documents.map(document => `${JSON.stringify(document)}\n`).join('')

const repository = fileURLToPath(new URL('../..', import.meta.url))

describe('the command line', () => {
  let server: TestServer
  let url: string
  let folder: string

  beforeEach(async () => {
    server = await serve(createFakeApi())
    url = server.url
    folder = await mkdtemp(join(tmpdir(), 'hypershard-cli-'))
  })

  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  const run = (...words: string[]) => runCommand(['--url', url, ...words])

  async function fill() {
    await run('index', 'create', 'papers')
    await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], { stdin: corpus })
  }

  it('creates, lists, describes and deletes indexes', async () => {
    assert.match((await run('index', 'create', 'papers', '--shards', '4')).stdout, /created index papers: 4 shards/)
    assert.match((await run('index', 'list')).stdout, /^papers +fake-model +4 +1 +0 +2026-11-23$/m)
    assert.match((await run('index', 'describe', 'papers')).stdout, /^documents +0$/m)
    assert.match((await run('index', 'delete', 'papers', '--yes')).stdout, /deleted index papers/)
    assert.match((await run('index', 'list')).stdout, /no indexes yet/)
  })

  it('does not delete where nobody can be asked', async () => {
    await run('index', 'create', 'papers')
    const { exitCode, stderr } = await run('index', 'delete', 'papers')
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: invalid_request: .*--yes/)
    assert.equal((await run('index', 'describe', 'papers')).exitCode, 0)
  })

  for (const { answer, deleted } of [
    { answer: 'y', deleted: true },
    { answer: 'yes', deleted: true },
    { answer: '', deleted: false },
    { answer: 'no', deleted: false },
  ]) {
    it(`asks on a terminal, and takes \`${answer}\` as ${deleted ? 'yes' : 'no'}`, async () => {
      await run('index', 'create', 'papers')
      const stdin = Object.assign(Readable.from([`${answer}\n`]), { isTTY: true })
      const stderr = Object.assign(new PassThrough(), { isTTY: true })
      const surroundings = { stdin, stderr }
      const { exitCode } = await runCommand(['--url', url, 'index', 'delete', 'papers'], { surroundings })
      assert.equal(exitCode, deleted ? 0 : 1)
      assert.equal((await run('index', 'describe', 'papers')).exitCode, deleted ? 1 : 0)
    })
  }

  it('puts a JSONL file, and says which lines failed, with exit code 4', async () => {
    await run('index', 'create', 'papers')
    const path = join(folder, 'papers.jsonl')
    await writeFile(path, corpus + 'no JSON\n'.repeat(12))
    const { exitCode, stdout } = await run('documents', 'put', 'papers', path)
    assert.equal(exitCode, 4)
    assert.match(stdout, /^indexed 2 documents into papers in 13 ms/)
    assert.match(stdout, /^12 could not be written:$/m)
    assert.match(stdout, /^ {2}line 3: .*not valid JSON/m)
    assert.match(stdout, /^ {2}and 2 more/m)
  })

  it('says what the model cannot read: of documents, of the index, and of a query', async () => {
    await run('index', 'create', 'papers')
    const stdin = '{"id":"zh","text":"婚礼"}\n{"id":"blank","text":" "}\n{"id":"en","text":"tides"}\n'
    const { stdout } = await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], { stdin })
    assert.match(
      stdout,
      /^2 documents say next to nothing to the model; `hypershard model list` tells its languages:$/m,
    )
    assert.match(stdout, /^ {2}zh: 1 of 1 tokens unknown$/m)
    assert.match(stdout, /^ {2}blank: has no tokens$/m)
    assert.match((await run('index', 'describe', 'papers')).stdout, /^ {2}that the model cannot read +2$/m)
    assert.match((await run('search', 'papers', 'tides 婚礼')).stdout, /does not know 1 of the query's 2 tokens/)
    assert.match((await run('search', 'papers', '婚礼')).stdout, /does not know the query's only token/)
    assert.match((await run('search', 'papers', '\u200b')).stdout, /the model reads nothing in this query/)
    assert.ok(!(await run('search', 'papers', 'tides')).stdout.includes('know'))
  })

  it('puts a folder, and counts the files that cannot be documents', async () => {
    await run('index', 'create', 'notes')
    await mkdir(join(folder, 'sea'))
    await writeFile(join(folder, 'sea', 'tides.md'), '# Tides\n\nTwice a day.')
    await writeFile(join(folder, 'a.txt'), Buffer.from([0xff, 0xfe, 0x41, 0x00]))
    const put = await run('documents', 'put', 'notes', folder, '--json')
    assert.equal(put.exitCode, 4)
    const { received, accepted, failed, errors } = JSON.parse(put.stdout)
    assert.deepEqual({ received, accepted, failed }, { received: 2, accepted: 1, failed: 1 })
    assert.equal(errors[0].file, 'a.txt')
    const search = JSON.parse((await run('search', 'notes', 'tides', '--json')).stdout)
    assert.deepEqual([search.hits[0].id, search.hits[0].title], ['sea/tides.md', 'Tides'])
  })

  it('takes, lists, restores and deletes snapshots, and clones them', async () => {
    await fill()
    assert.match(
      (await run('snapshot', 'list', 'papers')).stdout,
      /no snapshots yet; `npx hypershard snapshot take papers/,
    )
    assert.equal((await run('snapshot', 'take', 'papers', 'monday')).stdout, 'snapshot monday of papers: 2 documents\n')
    const taken = await run('snapshot', 'take', 'papers', 'monday')
    assert.deepEqual(
      [taken.exitCode, taken.stderr.split('\n')[0]],
      [1, 'error: snapshot_exists: there is a snapshot `monday`'],
    )
    const list = await run('snapshot', 'list', 'papers')
    assert.match(list.stdout, /^monday +2026-11-23 00:00:00 +2 +1 +fake-model$/m)
    const later = { stdin: '{"id":"third","text":"later"}\n' }
    await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], later)
    const clone = await run('clone', 'papers', 'copy', '--snapshot', 'monday', '--json')
    assert.deepEqual([JSON.parse(clone.stdout).name, JSON.parse(clone.stdout).documents], ['copy', 2])
    assert.match((await run('clone', 'papers', 'newest')).stdout, /^index newest begins as papers, 3 documents$/m)
    assert.match(
      (await run('snapshot', 'restore', 'papers', 'monday')).stdout,
      /is monday again \(generation 2, 2 documents\)/,
    )
    assert.match((await run('snapshot', 'delete', 'papers', 'monday')).stdout, /^deleted snapshot monday of papers$/m)
    const gone = await run('snapshot', 'restore', 'papers', 'monday')
    assert.deepEqual([gone.exitCode, gone.stderr.split(':')[1]], [1, ' snapshot_not_found'])
  })

  for (const { name, bytes } of [
    { name: 'corpus.jsonl.gz', bytes: gzipSync(`\ufeff${corpus}`) },
    { name: 'corpus.jsonl.zst', bytes: zstdCompressSync(`\ufeff${corpus}`) },
    { name: 'corpus.jsonl.br', bytes: brotliCompressSync(`\ufeff${corpus}`) },
    { name: 'corpus.jsonl', bytes: Buffer.from(`\ufeff${corpus.replaceAll('\n', '\r\n')}`) },
  ]) {
    it(`puts documents of a file that begins with a byte order mark, plain or packed: ${name}`, async () => {
      await run('index', 'create', 'papers')
      await writeFile(join(folder, name), bytes)
      const { exitCode, stdout, stderr } = await run('documents', 'put', 'papers', join(folder, name))
      assert.equal(exitCode, 0, stderr)
      assert.match(stdout, /^indexed 2 documents into papers/)
    })
  }

  it('puts packed documents from standard input, and from a folder', async () => {
    await run('index', 'create', 'papers')
    const stdin = Readable.from([gzipSync(corpus)])
    const piped = await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], { surroundings: { stdin } })
    assert.match(piped.stdout, /^indexed 2 documents/)
    await writeFile(join(folder, 'notes.md.gz'), gzipSync('# Tides\n\nTwice a day.'))
    await writeFile(join(folder, 'bomb.txt.gz'), gzipSync('x'.repeat(50_000_000)))
    const put = await run('documents', 'put', 'papers', folder)
    assert.equal(put.exitCode, 4)
    assert.match(put.stdout, /^indexed 1 document/)
    assert.match(put.stdout, /bomb\.txt\.gz: more than the 1048576 bytes that a document may have/)
    assert.match((await run('search', 'papers', 'Tides')).stdout, /notes\.md\.gz/)
  })

  it('says which packed file is cut off, how far it was read, and that nothing was written', async () => {
    await run('index', 'create', 'papers')
    const many = Array.from({ length: 50_000 }, (_, at) => `{"id":"${at}","text":"${Math.sin(at)}"}\n`).join('')
    for (const [name, packed] of [
      ['cut.jsonl.gz', gzipSync(many)],
      ['cut.jsonl.zst', zstdCompressSync(many)],
    ] as const) {
      await writeFile(join(folder, name), packed.subarray(0, packed.length - 40_000))
      const { exitCode, stdout, stderr } = await run('documents', 'put', 'papers', join(folder, name))
      assert.deepEqual([exitCode, stdout], [2, ''])
      const says =
        /^error: invalid_request: cannot read .*cut\.jsonl\.(gz|zst): the compressed file is cut off; .*; \d{4,} lines were read/
      assert.match(stderr, says)
      assert.match(stderr, /none of them was written/)
    }
    assert.match((await run('index', 'describe', 'papers')).stdout, /^documents +0$/m)
  })

  it('takes sample queries of which some are long or blank, and says what it made of them', async () => {
    await run('index', 'create', 'papers')
    const path = join(folder, 'sample.tsv')
    await writeFile(path, `# of may\nq1\t${'tides '.repeat(300)}\nq2\t \nq3\tstars\n`)
    const { stderr } = await run('generation', 'sample-queries', 'papers', '1', path)
    assert.match(stderr, /^1 query cut at 1000 characters$/m)
    assert.match(stderr, /^1 query without text left out$/m)
    assert.match(stderr, /sample\.tsv: skipped 1 comment line$/m)
  })

  it('says which aliases a restore leaves behind, and takes them along when told', async () => {
    await fill()
    await run('snapshot', 'take', 'papers', 'monday')
    const left = await run('snapshot', 'restore', 'papers', 'monday')
    assert.match(
      left.stdout,
      /^still standing for another generation: papers-live \(generation 1\); move them with: .*=papers$/m,
    )
    const taken = await run('snapshot', 'restore', 'papers', 'monday', '--move-aliases')
    assert.doesNotMatch(taken.stdout, /still standing/)
  })

  it('sends nothing to an index that does not exist', async () => {
    const { exitCode, stderr } = await runCommand(['--url', url, 'documents', 'put', 'none', '-'], { stdin: corpus })
    assert.equal(exitCode, 1)
    assert.equal(
      stderr,
      'error: index_not_found: index `none` does not exist\n' +
        '  see `npx hypershard index list`, or make it with `index create <name>`\n',
    )
  })

  it('shows hits that fit 80 columns, harmless to the terminal, and what was searched', async () => {
    await fill()
    const { stdout } = await run('search', 'papers', 'why', 'stars', 'twinkle')
    for (const line of stdout.split('\n')) assert.ok(widthOf(line) <= 80, line)
    assert.match(stdout, /^ 1 {2}1\.0000 {2}stars {2}Why stars twinkle 為什麼.*…$/m)
    assert.match(stdout, /^ {4}Air bends the light\. \[2J$/m)
    assert.match(stdout, /^2 of 2 documents \(100 %\) · auto · 4\.1 ms$/m)
    assert.ok(!stdout.includes('\u001b'))
  })

  it('names the indexes of the cluster that lack their model', async () => {
    const other = await serve(createFakeApi({ unserved: Array.from({ length: 7 }, (_, at) => `old-${at}`) }))
    const { stdout } = await runCommand(['--url', other.url, 'cluster'])
    const json = JSON.parse((await runCommand(['--url', other.url, 'cluster', '--json'])).stdout)
    other.close()
    assert.match(stdout, /^encoder service {2}127\.0\.0\.1:7001 {2}fake-model$/m)
    assert.match(stdout, /^index `old-0`: it was made with the model `gone`$/m)
    assert.match(stdout, /^and 2 more indexes; `hypershard cluster --json` has all$/m)
    assert.equal(json.indexes_without_model.length, 7)
    assert.ok(!(await run('cluster')).stdout.includes('made with'))
  })

  it('shows where the time went', async () => {
    await fill()
    const { stdout } = await run('search', 'papers', 'tides', '--profile', '--ids-only', '-k', '1')
    assert.match(stdout, /^fan out +2\.0 ms {2}weights, 1\.5 kB to a server$/m)
    assert.match(stdout, /^ +0 {2}127\.0\.0\.1:7002 +2 +0\.1 ms +0\.7 ms +0\.4 ms {2}complete$/m)
  })

  it('shows models and the cluster', async () => {
    await fill()
    assert.match(
      (await run('model', 'list')).stdout,
      /^\* {2}fake-model {2}384 x 3 → 1 +en +295,296 {2}22\.9 MB {2}f{12}$/m,
    )
    assert.match((await run('model', 'describe')).stdout, /^q-net +384 x 3 → 1, relu, layer norm before the residual/m)
    assert.match((await run('model', 'describe')).stdout, /^languages +en$/m)
    assert.equal((await run('model', 'describe', 'none')).exitCode, 1)
    const { stdout } = await run('cluster')
    assert.match(stdout, /^membership +view 3 {2}1 retries, 3 hedges, of which 2 won$/m)
    assert.match(stdout, /^127\.0\.0\.1:7002 {2}live +a +6\.4 GB of 8\.6 GB +0 +1 +2$/m)
    assert.match(stdout, /^127\.0\.0\.1:7003 holds 60\.0 GB of 80\.0 GB on cuda:0; its CPU scores 2 segments of$/m)
    assert.match(stdout, /^papers +0 +2 {2}127\.0\.0\.1:7002 {2}warm$/m)
    assert.match(stdout, /^127\.0\.0\.1:7003 is down since 2026-11-23T01:00:00\.000Z: connection refused$/m)
    assert.match(stdout, /^papers +1 +127\.0\.0\.1:7003 +127\.0\.0\.1:7002 +2026-11-23T02:00:00\.000Z +loading$/m)
    assert.match(stdout, /^shard 2 of papers needs about 9\.0 GB, and 0 of 1 servers have the memory: add$/m)
  })

  for (const words of [
    ['index', 'list'],
    ['index', 'describe', 'papers'],
    ['index', 'delete', 'papers', '--yes'],
    ['index', 'describe', 'none'],
    ['search', 'papers', 'tides', '--profile'],
    ['eval', 'papers', '--data', '/nowhere'],
    ['documents', 'put', 'papers', '/nowhere'],
    ['model', 'list'],
    ['model', 'describe'],
    ['cluster'],
    ['serch'],
    ['search', 'papers', 'x', '-k', '0'],
  ]) {
    it(`prints one JSON document for \`${words.join(' ')} --json\``, async () => {
      await fill()
      const { stdout } = await run(...words, '--json')
      assert.equal(typeof JSON.parse(stdout), 'object')
    })
  }

  for (const { title, words, exitCode } of [
    { title: 'a name that the server refuses', words: ['index', 'create', 'Papers'], exitCode: 2 },
    { title: 'an unknown command', words: ['serch'], exitCode: 2 },
    { title: 'an option out of its range', words: ['search', 'papers', 'x', '-k', '1001'], exitCode: 2 },
    { title: 'a coverage that is no share', words: ['search', 'papers', 'x', '--min-coverage', '1.5'], exitCode: 2 },
    { title: 'no source to read', words: ['documents', 'put', 'papers', '/nowhere'], exitCode: 2 },
    { title: 'an address that is none', words: ['up', '--http', '7700'], exitCode: 2 },
    { title: 'an index that is not there', words: ['search', 'none', 'x'], exitCode: 1 },
    { title: 'a URL that is none', words: ['--url', 'localhost', 'cluster'], exitCode: 2 },
    { title: 'a URL where nobody listens', words: ['--url', 'http://127.0.0.1:9', 'cluster'], exitCode: 3 },
    { title: 'help', words: ['search', '--help'], exitCode: 0 },
    { title: 'no command at all', words: [], exitCode: 2 },
  ]) {
    it(`exits with ${exitCode} for ${title}`, async () => {
      assert.equal((await run(...words)).exitCode, exitCode)
    })
  }

  it('takes the URL from the environment', async () => {
    const surroundings = { environment: { HYPERSHARD_URL: url } }
    assert.equal((await runCommand(['index', 'list'], { surroundings })).exitCode, 0)
  })

  it('knows `collect` by its older name too', async () => {
    const { stdout } = await run('collect', '--help')
    assert.match(stdout, /which files nothing needs any more/)
    assert.equal((await run('gc', '--help')).stdout, stdout)
  })

  it('gives every command help with examples', async () => {
    for (const command of [
      'up',
      'index create',
      'index list',
      'index describe',
      'index delete',
      'documents put',
      'search',
      'eval',
      'model list',
      'model describe',
      'cluster',
      '',
    ]) {
      const { stdout } = await run(...command.split(' ').filter(word => word !== ''), '--help')
      assert.ok(stdout.includes(`Examples:\n  `), command)
      // Defaults name files of this repository, wherever that lies.
      for (const line of stdout.replaceAll(repository, '/').split('\n')) assert.ok(widthOf(line) <= 110, line)
    }
  })
})

describe('a server that misbehaves', () => {
  let server: TestServer

  afterEach(() => {
    server.close()
  })

  async function urlOf(listener: RequestListener): Promise<string> {
    server = await serve(listener)
    return server.url
  }

  it('and never answers is given up when the time is over', async () => {
    const url = await urlOf(() => {})
    const { exitCode, stderr } = await runCommand(['--url', url, '--timeout', '50', 'index', 'list'])
    assert.equal(exitCode, 3)
    assert.match(stderr, /^error: deadline_exceeded: .*--timeout/)
  })

  it('and is no hypershard is told apart', async () => {
    const url = await urlOf((_, response) => response.end('<html>'))
    const { exitCode, stderr } = await runCommand(['--url', url, 'index', 'list'])
    assert.equal(exitCode, 3)
    assert.match(stderr, /not as hypershard does/)
  })

  it('and refuses a long upload at once has its answer shown', async () => {
    const problem = { code: 'storage_full', status: 507, detail: 'the disk is full' }
    const url = await urlOf((request, response) => {
      if (request.method === 'GET') response.end('{}')
      else response.writeHead(507).end(JSON.stringify(problem))
    })
    const { exitCode, stderr } = await runCommand(['--url', url, 'documents', 'put', 'papers', '-'], { stdin: corpus })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^error: storage_full: the disk is full/)
  })

  it('and stops in the middle of a put is given up when there was no sign of life', async () => {
    const url = await urlOf((request, response) => {
      if (request.method === 'GET') response.end('{}')
      else response.writeHead(200).write('{"progress":{"received":0,"sequence":null,"waiting":null}}\n')
    })
    const words = ['--url', url, '--timeout', '200', 'documents', 'put', 'papers', '-']
    const { exitCode, stderr } = await runCommand(words, { stdin: corpus })
    assert.equal(exitCode, 3)
    assert.match(stderr, /no sign of life for 200 ms/)
  })
})
