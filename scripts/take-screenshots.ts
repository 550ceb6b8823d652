/**
 * Takes the pictures of the console that stand in docs/: `npm run screenshots`. Starts a cluster with the sample collection
 * and Debian's chromium, looks at each page as a reader would, and ends both. Run it again when pages have changed.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCluster } from '@hypershard/local-cluster'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

const repository = fileURLToPath(new URL('..', import.meta.url))
const folder = join(repository, 'docs', 'images')

/** Readers wait for pictures, and every clone has them. */
const pictureBytesMax = 150 * 1024

const executablePath = '/usr/bin/chromium'
const quiet = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars'],
]
/** A machine that does much else may be slow; nothing waits so long that goes well. */
const waitMsMax = 240_000

interface Picture {
  readonly name: string
  readonly route: string
  readonly height: number
  readonly colorScheme?: 'dark'
  /** Until there is to be seen what the picture is of. */
  readonly show: (page: Page) => Promise<unknown>
}

const link = (page: string, parameters: Record<string, string>) => `#/${page}?${new URLSearchParams(parameters)}`

const denseIndex = 'sample-dense'

const query = 'how do massive suns die compared with ordinary ones and what is left over'

const pictures: readonly Picture[] = [
  {
    name: 'console-lab',
    route: link('lab', {
      index: 'sample',
      query,
      k: '5',
      a: '{"plan":"exact"}',
      b: '{"plan":"tangent","candidates":10}',
    }),
    height: 1_000,
    show: page => page.getByRole('heading', { name: 'Where the time went' }).first().waitFor(),
  },
  {
    name: 'console-map',
    route: link('map', { index: 'sample', query: 'how do massive stars end\nwhy does bread dough rise', k: '60' }),
    height: 900,
    show: page => page.getByRole('heading', { name: '60 documents' }).waitFor(),
  },
  {
    name: 'console-evaluation',
    route: link('evaluation', { index: 'sample' }),
    height: 1_250,
    show: evaluateSample,
  },
  {
    name: 'console-cluster',
    route: '#/cluster',
    height: 900,
    show: page =>
      page
        .getByText(/127\.0\.0\.1:\d+/)
        .first()
        .waitFor(),
  },
]

/** A Hypencoder beside the dense model that it was made of: something to win and to lose. */
async function evaluateSample(page: Page): Promise<void> {
  await page.getByLabel('Queries', { exact: true }).setInputFiles(join(repository, 'sample', 'queries.jsonl'))
  await page.getByLabel('Judgements', { exact: true }).setInputFiles(join(repository, 'sample', 'qrels', 'test.tsv'))
  await page.getByText(/^84 judged queries/).waitFor()
  const evaluate = page.getByRole('button', { name: 'Evaluate' })
  for (const [run, index] of [denseIndex, 'sample'].entries()) {
    await page.getByLabel('Index or alias').fill(index)
    await evaluate.click()
    await page.getByRole('heading', { name: new RegExp(`^${run + 1}\\. ${index}`) }).waitFor()
  }
  await page.getByRole('button', { name: /^wins \d+$/ }).waitFor()
  await page.evaluate('document.querySelector("#result-title").closest("section").scrollIntoView()')
}

async function take(context: BrowserContext, url: string, picture: Picture): Promise<void> {
  const page = await context.newPage()
  page.setDefaultTimeout(waitMsMax)
  await page.setViewportSize({ width: 1_280, height: picture.height })
  await page.emulateMedia({ colorScheme: picture.colorScheme ?? 'light', reducedMotion: 'reduce' })
  await page.goto(`${url}/console/${picture.route}`)
  await picture.show(page)
  await page.waitForLoadState('networkidle')
  const session = await context.newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 })
  const bytes = Buffer.from(data, 'base64')
  if (bytes.length > pictureBytesMax)
    throw new Error(`${picture.name}: ${bytes.length} bytes are more than ${pictureBytesMax}`)
  await writeFile(join(folder, `${picture.name}.webp`), bytes)
  process.stdout.write(`docs/images/${picture.name}.webp ${bytes.length} bytes\n`)
  await page.close()
}

async function putSample(url: string, name: string, model: string): Promise<void> {
  const json = { 'content-type': 'application/json' }
  const fields = { subject: { type: 'keyword' } }
  const made = await fetch(`${url}/v1/indexes`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name, model, shards: 2, fields }),
  })
  if (!made.ok) throw new Error(`cannot make the index: ${await made.text()}`)
  const put = await fetch(`${url}/v1/indexes/${name}/documents?wait_for=searchable`, {
    method: 'PUT',
    headers: { 'content-type': 'application/x-ndjson' },
    body: await readFile(join(repository, 'sample', 'corpus.jsonl')),
  })
  if (!put.ok) throw new Error(`cannot put the sample: ${await put.text()}`)
}

/** Of those that the command line names, or all. */
const names = process.argv.slice(2)
const directory = await mkdtemp(join(tmpdir(), 'hypershard-screenshots-'))
const cluster = await startCluster({
  dataDirectory: directory,
  modelDirectories: ['hypershard-mini', 'minilm-dense'].map(name => join(repository, 'models', name)),
  shardServers: 2,
  http: '127.0.0.1:0',
  grpc: '127.0.0.1:0',
  restart: true,
  environment: {},
})
try {
  await putSample(cluster.httpUrl, 'sample', 'hypershard-mini')
  await putSample(cluster.httpUrl, denseIndex, 'minilm-dense')
  await mkdir(folder, { recursive: true })
  const browser = await chromium.launch({ executablePath, args: quiet, timeout: waitMsMax })
  try {
    const context = await browser.newContext()
    for (const picture of pictures) {
      if (names.length === 0 || names.includes(picture.name)) await take(context, cluster.httpUrl, picture)
    }
  } finally {
    await browser.close()
  }
} finally {
  await cluster.stop()
  await rm(directory, { recursive: true, force: true })
}
