/**
 * How soon the console can be used, and whether it scrolls without a stall: in Debian's chromium, on a cluster of this
 * machine with a tiny model, so that what is measured is the page.
 */
import { existsSync } from 'node:fs'
import { madeUpDocuments, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type Browser, chromium } from 'playwright-core'
import { renderTable } from '../render-table.ts'
import { median, quantile } from '../statistics.ts'

export const consoleBenchOptions = {
  chromium: { type: 'string', default: '/usr/bin/chromium' },
  rounds: { type: 'string', default: '7' },
} as const

/** As many as a page of hits, and as an index, may have. */
const hits = 1_000
const shards = 256

const waitMsMax = 60_000

/** A page of the console that is opened without anything kept from before, until what it is for is there. */
interface OpenedPage {
  readonly page: string
  readonly route: string
  /** In the page: whether all of it is there. */
  readonly there: string
}

const openedPages: readonly OpenedPage[] = [
  { page: 'lab', route: '#/lab', there: `document.querySelector('main form textarea') !== null` },
  {
    page: 'lab with 10 hits',
    route: '#/lab?index=many&query=bake',
    there: `document.querySelectorAll('.hit').length === 10`,
  },
  { page: 'cluster', route: '#/cluster', there: `document.querySelector('main tbody td') !== null` },
  { page: 'indexes', route: '#/indexes', there: `document.querySelector('main tbody td') !== null` },
  { page: 'jobs', route: '#/jobs', there: `document.querySelector('main tbody td') !== null` },
  { page: 'evaluation', route: '#/evaluation', there: `document.querySelector('main form, main input') !== null` },
]

interface ScrolledPage {
  readonly page: string
  readonly route: string
  readonly prepare: string
}

const scrolledPages: readonly ScrolledPage[] = [
  {
    page: `lab with ${hits} hits`,
    route: `#/lab?index=many&query=bake&k=${hits}`,
    prepare: `document.querySelectorAll('.hit').length > 5`,
  },
  {
    page: `lab with ${hits} hits in ${hits} groups`,
    route: `#/lab?index=many&query=bake&group_by=${encodeURIComponent(JSON.stringify({ field: 'number', groups: hits }))}`,
    prepare: `document.querySelectorAll('.hit').length > 5`,
  },
  {
    page: `cluster with ${shards} shards`,
    route: '#/cluster',
    prepare: `(() => {
      const chooser = [...document.querySelectorAll('main select')].find(one => [...one.options].some(({ value }) => value === 'wide'))
      if (chooser === undefined) return false
      if (chooser.value !== 'wide') {
        chooser.value = 'wide'
        chooser.dispatchEvent(new Event('change', { bubbles: true }))
      }
      return document.querySelector('[aria-setsize="${shards}"]') !== null
    })()`,
  },
]

export async function runConsoleBench(options: Readonly<Record<string, unknown>>) {
  const executablePath = String(options.chromium)
  if (!existsSync(executablePath)) throw new Error(`there is no ${executablePath}; give another one with --chromium`)
  const cluster = await startTestCluster({})
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update']
  const browser = await chromium.launch({ executablePath, args, timeout: waitMsMax })
  try {
    await fill(cluster)
    const url = `${cluster.cluster.httpUrl}/console/`
    const rounds = Number(options.rounds)
    const opened: Readonly<Record<string, unknown>>[] = []
    for (const page of openedPages) opened.push(await measureOpening(browser, url, page, rounds))
    const scrolled: Readonly<Record<string, unknown>>[] = []
    for (const page of scrolledPages) scrolled.push(await measureScrolling(browser, url, page))
    return { rows: [...opened, ...scrolled], text: `${renderTable(opened)}\n\n${renderTable(scrolled)}` }
  } finally {
    await browser.close()
    await cluster.stop()
  }
}

async function fill(cluster: TestCluster): Promise<void> {
  const fields = { number: { type: 'number' } }
  const requireStatus = (status: number, { status: own, body }: { status: number; body: unknown }) => {
    if (own !== status) throw new Error(`the cluster answered ${own}: ${JSON.stringify(body)}`)
  }
  requireStatus(201, await cluster.request('POST', '/v1/indexes', { name: 'many', shards: 2, fields }))
  requireStatus(201, await cluster.request('POST', '/v1/indexes', { name: 'wide', shards }))
  requireStatus(200, await cluster.put('many', madeUpDocuments(hits + 100)))
  requireStatus(200, await cluster.search('many', 'bake'))
}

/** In the page: since navigation, when what is wanted was there, and when the page had time for something else after it. */
const untilThere = (there: string) => `new Promise((resolve, reject) => {
  const look = () => {
    if (performance.now() > ${waitMsMax}) return reject(new Error('it does not become so: ' + ${JSON.stringify(there)}))
    if (!(${there})) return requestAnimationFrame(look)
    const shown = performance.now()
    // The next frame is drawn, and a task behind it has its turn: a key or a click would be answered.
    requestAnimationFrame(() => setTimeout(() => resolve({
      shown,
      interactive: performance.now(),
      bytes: [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
        .filter(({ name }) => name.includes('/console/'))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    }), 0))
  }
  look()
})`

interface Opening {
  readonly shown: number
  readonly interactive: number
  readonly bytes: number
}

async function measureOpening(browser: Browser, url: string, { page: name, route, there }: OpenedPage, rounds: number) {
  const measured: Opening[] = []
  for (let round = 0; round < rounds; round++) {
    // A context of its own has nothing in its cache.
    const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } })
    const page = await context.newPage()
    page.setDefaultTimeout(waitMsMax)
    await page.goto(`${url}${route}`, { waitUntil: 'commit' })
    measured.push((await page.evaluate(untilThere(there))) as Opening)
    await context.close()
  }
  const interactive = measured.map(one => one.interactive)
  return {
    page: name,
    'shown ms': Math.round(median(measured.map(({ shown }) => shown))),
    'interactive ms': Math.round(median(interactive)),
    'slowest ms': Math.round(Math.max(...interactive)),
    'KB loaded': Math.round(Math.max(...measured.map(({ bytes }) => bytes)) / 100) / 10,
  }
}

/** In the page: scrolls to the end, as far at each frame as a fast wheel, then in leaps, and tells how long frames took. */
const scrollThrough = `new Promise(resolve => {
  const frames = []
  const tasks = []
  new PerformanceObserver(list => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
  const boxes = [document.scrollingElement, ...[...document.querySelectorAll('main *')].filter(
    one => one.scrollHeight > one.clientHeight + 200 && getComputedStyle(one).overflowY !== 'visible')]
  const box = boxes.toSorted((a, b) => b.scrollHeight - b.clientHeight - (a.scrollHeight - a.clientHeight))[0]
  const end = box.scrollHeight - box.clientHeight
  let [last, leaps, scrolled] = [performance.now(), 0, 0]
  const step = now => {
    frames.push(now - last)
    last = now
    if (leaps === 0 && box.scrollTop < end - 1 && scrolled < 600) {
      scrolled++
      box.scrollTop += 400
    } else if (leaps < 40) {
      leaps++
      box.scrollTop = leaps % 2 === 0 ? end : (end * leaps) / 80
    } else {
      return setTimeout(() => resolve({ frames: frames.slice(1), tasks, pixels: end }), 100)
    }
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})`

async function measureScrolling(browser: Browser, url: string, { page: name, route, prepare }: ScrolledPage) {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } })
  const page = await context.newPage()
  page.setDefaultTimeout(waitMsMax)
  await page.goto(`${url}${route}`)
  await page.evaluate(untilThere(prepare))
  const { frames, tasks, pixels } = (await page.evaluate(scrollThrough)) as {
    readonly frames: readonly number[]
    readonly tasks: readonly number[]
    readonly pixels: number
  }
  await context.close()
  const told = (ms: number) => Math.round(ms * 10) / 10
  return {
    page: name,
    pixels,
    frames: frames.length,
    'frame p50 ms': told(median(frames)),
    'frame p99 ms': told(quantile(frames, 0.99)),
    'longest frame ms': told(Math.max(...frames)),
    'tasks over 50 ms': tasks.length,
  }
}
