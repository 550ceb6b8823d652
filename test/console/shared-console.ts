import { existsSync } from 'node:fs'
import { eventually, type TestKeys, writeTestKeys } from '@hypershard/harness'
import { startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/** Debian's. */
const executablePath = '/usr/bin/chromium'

/** No request goes anywhere but to the cluster. */
const quiet = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--process-per-site'],
]

/** Long enough for a machine that does much else; nothing waits so long that goes well. */
const waitMsMax = 30_000

const askedKeys = {
  root: {},
  search: { scopes: ['search'] },
  read: { scopes: ['search', 'read'] },
  tenant: { scopes: ['search', 'read'], indexes: ['lab', 'sh*'], filter: { field: 'tenant', equals: 'ada' } },
  some: { scopes: ['search', 'read'], indexes: ['sh*'] },
} as const

export type KeyName = keyof typeof askedKeys

export interface OpenOptions {
  /** Whose key the tab has; none for `undefined`. The one that may do everything when left out. */
  readonly key?: KeyName | undefined
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** One cluster and one browser for all tests of the console. */
export interface SharedConsole {
  readonly cluster: TestCluster
  readonly keys: TestKeys<KeyName>
  /** Of the console, with its slash. */
  readonly url: string
  /** A tab of its own at a route such as `#/lab`, closed after the test. What it logs as an error fails the test. */
  open(route: string, options?: OpenOptions): Promise<Page>
}

/** Why there is no browser to test with; undefined where there is one. */
export const missingBrowser = existsSync(executablePath) ? undefined : `there is no ${executablePath}`

/** Starts both before the tests of a `describe` and ends them behind it. What this gives can be used inside its tests. */
export function shareConsole(): SharedConsole {
  const parts: { cluster?: TestCluster; keys?: TestKeys<KeyName>; browser?: Browser } = {}
  /** By key and colours: a new one costs as much as a test. */
  const contexts = new Map<string, BrowserContext>()
  const pages: Page[] = []
  const failures: string[] = []

  before(async () => {
    parts.keys = await writeTestKeys<KeyName>(askedKeys as never)
    const environment = { HYPERSHARD_KEYS: parts.keys.path }
    const [cluster, browser] = await Promise.all([
      startTestCluster({ key: parts.keys.texts.root, environment }),
      chromium.launch({ executablePath, args: quiet, timeout: waitMsMax }),
    ])
    Object.assign(parts, { cluster, browser })
  })

  afterEach(async () => {
    for (const page of pages.splice(0)) {
      await page.evaluate('localStorage.clear()')
      await page.close()
    }
    const found = failures.splice(0)
    if (found.length > 0) throw new Error(`the page logged errors:\n${found.join('\n')}`)
  })

  after(async () => {
    await parts.browser?.close()
    await parts.cluster?.stop()
    await parts.keys?.remove()
  })

  const shared: SharedConsole = {
    get cluster() {
      return parts.cluster!
    },
    get keys() {
      return parts.keys!
    },
    get url() {
      return `${parts.cluster!.cluster.httpUrl}/console/`
    },
    open: async (route, options = {}) => {
      const { width = 1_280, height = 900, colorScheme = 'light' } = options
      const key = 'key' in options ? options.key : 'root'
      const kind = `${key} ${colorScheme}`
      const context = contexts.get(kind) ?? (await parts.browser!.newContext({ colorScheme, reducedMotion: 'reduce' }))
      if (!contexts.has(kind)) {
        context.setDefaultTimeout(waitMsMax)
        // As the form stores it; only in this tab.
        if (key !== undefined)
          await context.addInitScript(`sessionStorage.setItem('hypershard-key', '${parts.keys!.texts[key]}')`)
        contexts.set(kind, context)
      }
      const page = await context.newPage()
      pages.push(page)
      await page.setViewportSize({ width, height })
      page.on('pageerror', error => failures.push(String(error)))
      page.on('console', message => {
        // An answer that tells of a problem is shown on the page; the browser logs it as well.
        const expected = message.text().startsWith('Failed to load resource')
        if (message.type() === 'error' && !expected) failures.push(message.text())
      })
      page.on('request', request => {
        if (!request.url().startsWith(parts.cluster!.cluster.httpUrl)) failures.push(`it asked ${request.url()}`)
      })
      await page.goto(`${shared.url}${route}`)
      return page
    },
  }
  return shared
}

/**
 * Waits until an expression is true in a page. `waitForFunction` would have the page itself evaluate it again and again,
 * which the console's policy does not let it.
 */
export function becomesTrue(page: Page, expression: string): Promise<void> {
  return eventually(async () => (await page.evaluate(expression)) === true)
}

/** The name of what has the focus, as its label or its text has it. */
export function focused(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent')
}
